/** Finds texts, comments and quoted names in a CQL text: words in them are no words of CQL. */
export const notPlain = /'(?:[^']|'')*'|\$\$[\s\S]*?\$\$|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"/g
