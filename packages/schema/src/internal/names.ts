/** The name of a field in snake_case: `displayName` becomes `display_name`, and `userID` becomes `user_i_d`. */
export const snakeCase = (name: string): string =>
  name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
