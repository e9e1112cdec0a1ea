// The house rules that the linter cannot express. Each finding names file, line and rule.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import ts from "typescript-6"
import { published, root } from "./support.ts"

type Report = (position: number, rule: string) => void

interface Rule {
  readonly files: RegExp
  readonly check: (source: ts.SourceFile, report: Report, file: string) => void
}

const maxLines = 300
const hardLimit = 400
// One concept each, which two files would not make easier to read.
const longFiles = new Set([
  "packages/cassandra/src/internal/request/attempt.ts",
  "packages/core/src/Concurrent.ts",
  "packages/core/src/Limiter.ts",
  "packages/core/src/Port.ts",
  "packages/core/src/Reason.ts",
  "packages/core/src/internal/decode/value.ts",
  "packages/core/src/internal/execution/execution.ts",
  "packages/core/src/internal/limiter/trialAimd.ts",
  "packages/core/src/internal/run/run.ts",
  "packages/schema/src/CqlCollection.ts",
  "packages/test-server/src/Simulacron.ts",
  "packages/testing/src/MockSession.ts",
  "packages/testing/src/internal/memory/cql/queryParser.ts",
  "packages/testing/src/internal/memory/cql/termsParser.ts",
  "packages/testing/src/internal/memory/database.ts",
  "packages/testing/src/internal/memory/definitions.ts",
  "packages/testing/src/internal/memory/reads.ts",
  "packages/testing/src/internal/memory/store.ts",
  "packages/testing/src/internal/memory/where.ts"
])
const librarySource = new RegExp(`^packages/(${published.join("|")})/src/.*\\.ts$`)
const anyCode = /\.(?:ts|mts|mjs)$/
const publicModule = new RegExp(`^packages/(${published.join("|")})/src/(?!index\\.ts)[^/]*\\.ts$`)
const anyText = /\.(ts|mts|mjs|js|json|ya?ml|md)$|^\.ci\//
// The patterns of `words` would find themselves here.
const exempt = new Set(["pnpm-lock.yaml", "scripts/house.ts"])

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

const importsOf = (source: ts.SourceFile): Array<ts.StringLiteral> => {
  const found: Array<ts.StringLiteral> = []
  walk(source, (node) => {
    const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
      ? node.arguments[0]
      : undefined
    if (specifier !== undefined && ts.isStringLiteral(specifier)) found.push(specifier)
  })
  return found
}

/** The declarations of a module of `effect`; undefined for the barrel, which the linter handles. */
const declarations = (specifier: string): string | undefined => {
  const path = join(root, "node_modules/effect/dist", `${specifier.slice("effect/".length)}.d.ts`)
  return specifier.startsWith("effect/") && existsSync(path) ? readFileSync(path, "utf8") : undefined
}

const unstable = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(
      /\/\*\*(?:(?!\*\/)[^])*@stability (?:unstable|experimental)(?:(?!\*\/)[^])*\*\/\s*export (?:declare )?\w+ (\w+)/g
    )]
      .map((match) => match[1] ?? "")
  )

const words: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(?:TODO|FIXME|XXX)\b/g, "no open ends in the code: do it, or open an issue"],
  [/@ts-(?:ignore|expect-error|nocheck)/g, "no silenced compiler"],
  [/(?:^|[\s(])#\d+\b/g, "say why, not which issue"],
  [/(?<![\w.])\/(?:home|Users|work|root)\/\w/g, "no path of one machine"],
  [/\bregistry\.[\w-]+\.\w+/g, "no registry host"]
]

/** Words of comments and documentation that a reader has to read twice, each with the word to use. */
const houseWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(?:nobody|somebody|whoever|no one|someone)\b/gi, "name the subject: the caller, the server, no request"],
  [/\b(?:tell|tells|told|telling)\b/gi, "report, return, describe or include"],
  [/\bof which\b/gi, "two sentences"],
  [/\bin silence\b/gi, "silently"],
  [/\bmend(?:s|ed|ing)?\b/gi, "fix"],
  [/\b(?:spent|used up)\b/gi, "exhausted"],
  [/\bhalf-way dead\b/gi, "failed midway"],
  [/\bwhat becomes? of\b/gi, "the outcome of"],
  [/\bcome what may\b/gi, "in every case"],
  [/\b(?:seats?|leaf|doors)\b/gi, "permit, statement, module, or the term of the field"],
  [/\bconcurrency levels?\b|\blevels? of concurrency\b/gi, "concurrency"]
]

/** A text without the code of its examples, and without what is in backticks. */
const proseOf = (text: string): string =>
  text.replaceAll(/```[^]*?```|`[^`\n]*`/g, (code) => code.replaceAll(/[^\n]/g, " "))

const checkWords = (prose: string, report: (position: number, message: string) => void): void => {
  for (const [pattern, instead] of houseWords) {
    for (const match of prose.matchAll(pattern)) report(match.index, `not "${match[0].toLowerCase()}", but: ${instead}`)
  }
}

/** Beginnings of a sentence of documentation that hide its subject. */
const beginning = /^\s*\/?\*{0,2}\s*(?:What|Whether it is that|How .* of which)\b/

const comment = /\/\*\*?[^]*?\*\/|(?<![:"'`\w])\/\/[^\n]*/g

const rules: ReadonlyArray<Rule> = [
  {
    files: anyCode,
    check: (source, report) => {
      for (const { 0: text, index } of source.text.matchAll(comment)) {
        const prose = proseOf(text)
        if (beginning.test(prose)) {
          report(index, "a comment begins with a verb or a noun, not with What, Whether or How")
        }
        checkWords(prose, (position, message) => report(index + position, message))
      }
    }
  },
  {
    files: /\.md$/,
    check: (source, report) => checkWords(proseOf(source.text), report)
  },
  {
    files: librarySource,
    check: (source, report, file) => {
      const lines = source.getLineStarts().length - 1
      const limit = longFiles.has(file) ? hardLimit : maxLines
      if (lines > limit) report(0, `a source file has at most ${limit} lines, this one has ${lines}: split it`)
      walk(source, (node) => {
        // The hot loop is plain code, and says so.
        if (ts.isTryStatement(node) && ts.getLeadingCommentRanges(source.text, node.pos) === undefined) {
          report(node.getStart(), "use Effect.try or Effect.tryPromise, or say above the try why not")
        }
      })
    }
  },
  {
    files: publicModule,
    check: (source, report) => {
      const documented = new Set<string>()
      const undocumented: Array<readonly [name: string, position: number]> = []
      const look = (name: ts.Node | undefined, node: ts.Node): void => {
        const text = name?.getText() ?? "default"
        const tags = new Set(ts.getJSDocTags(node).map((tag) => tag.tagName.text))
        if (tags.has("since") && tags.has("category")) documented.add(text)
        else undocumented.push([text, node.getStart()])
      }
      for (const node of source.statements) {
        if (!ts.canHaveModifiers(node) || !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
          continue
        }
        if (ts.isVariableStatement(node)) node.declarationList.declarations.forEach((each) => look(each.name, each))
        else look(ts.getNameOfDeclaration(node as ts.DeclarationStatement), node)
      }
      // One comment is enough for a type and a value of the same name, and for overloads.
      for (const [name, position] of undocumented.filter(([name]) => !documented.has(name))) {
        report(position, `${name} is exported: document it, with @category and @since`)
      }
    }
  },
  {
    files: /^packages\/.*\.ts$/,
    check: (source, report, file) => {
      const home = file.split("/", 2).join("/") + "/"
      for (const specifier of importsOf(source)) {
        const leaves = specifier.text.startsWith(".") && !join(dirname(file), specifier.text).startsWith(home)
        if (leaves || /^@effect-cql\/[\w-]+\/internal\//.test(specifier.text)) {
          report(specifier.getStart(), "no package imports the inside of another")
        }
      }
    }
  },
  {
    files: /^packages\/[\w-]+\/test\/.*\.test\.ts$/,
    check: (source, report, file) => {
      const server = importsOf(source).find(({ text }) => text === "@effect-cql/test-support/server")
      if (server !== undefined && /\bintegration\b/.test(server.parent.getText()) && !file.includes(".integration.")) {
        report(server.getStart(), "a test of the shared server has .integration. in its name: only then one is started")
      }
    }
  },
  {
    files: /^packages\/core\/src\//,
    check: (source, report) => {
      for (const specifier of importsOf(source)) {
        if (!/^(?:\.|effect(?:\/|$))/.test(specifier.text)) {
          report(specifier.getStart(), `core depends on effect alone, not on ${specifier.text}`)
        }
        const text = declarations(specifier.text)
        if (text === undefined) {
          if (specifier.text.startsWith("effect/")) {
            report(specifier.getStart(), `${specifier.text} is not a stable module`)
          }
          continue
        }
        if (/@stability (\w+)/.exec(text)?.[1] !== "stable") {
          report(specifier.getStart(), `${specifier.text} is not a stable module`)
          continue
        }
        const name = /\* as (\w+)/.exec(specifier.parent.getText())?.[1]
        const names = unstable(text)
        walk(source, (node) => {
          const [left, right] = ts.isPropertyAccessExpression(node)
            ? [node.expression, node.name]
            : ts.isQualifiedName(node)
            ? [node.left, node.right]
            : []
          if (name !== undefined && left?.getText() === name && names.has(right?.text ?? "")) {
            report(node.getStart(), `${name}.${right?.text} is not stable`)
          }
        })
      }
    }
  },
  {
    files: anyText,
    check: (source, report) => {
      for (const [pattern, rule] of words) {
        for (const match of source.text.matchAll(pattern)) report(match.index, rule)
      }
    }
  }
]

const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
const files = listed.toString().split("\n").filter((file) => anyText.test(file) && existsSync(join(root, file)))
let findings = 0
for (const file of files.filter((file) => !exempt.has(file))) {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true)
  for (const rule of rules.filter(({ files }) => files.test(file))) {
    rule.check(source, (position, message) => {
      findings++
      console.log(`${file}:${source.getLineAndCharacterOfPosition(position).line + 1} ${message}`)
    }, file)
  }
}
console.log(`${findings} findings in ${files.length} files`)
process.exitCode = findings === 0 ? 0 : 1
