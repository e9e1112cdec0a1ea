/** The language server of the compiler, on a file of a test. */
import { spawn } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { configuration, directory } from "./compile.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

/** An answer, or a question of the server. */
interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly result?: unknown
  readonly params?: { readonly items?: ReadonlyArray<unknown> }
}

/** Information that an editor shows. */
export interface Editor {
  /** The names that are proposed at a mark. */
  readonly completions: (mark: string) => Promise<ReadonlyArray<string>>
  /** The first code block that is shown over a mark. */
  readonly hover: (mark: string) => Promise<string>
  readonly close: () => void
}

// Opens a file in which a comment marks a place: what is hovered begins behind it, and completions are asked for there.

export const openEditor = async (name: string, text: string): Promise<Editor> => {
  const own = join(directory, name)
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  const file = join(own, "edited.ts")
  const uri = pathToFileURL(file).href
  writeFileSync(file, text)
  writeFileSync(join(own, "tsconfig.json"), configuration)

  const server = spawn(join(root, "node_modules/.bin/tsc"), ["--lsp", "--stdio"], {
    cwd: own,
    stdio: ["pipe", "pipe", "ignore"]
  })
  const waiting = new Map<number | string, (result: unknown) => void>()
  let last = 0
  const send = (message: object): void => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const request = (method: string, params: object): Promise<unknown> => {
    const id = ++last
    return new Promise((resolve) => {
      waiting.set(id, resolve)
      send({ id, method, params })
    })
  }
  const received = ({ id, method, params, result }: Message): void => {
    if (method === undefined) return waiting.get(id ?? "")?.(result)
    // The server asks for settings, and for notifications of file changes.
    if (id !== undefined) send({ id, result: params?.items?.map(() => null) ?? null })
  }
  let buffer = Buffer.alloc(0)
  server.stdout.on("data", (data: Buffer) => {
    buffer = Buffer.concat([buffer, data])
    for (;;) {
      const head = buffer.indexOf("\r\n\r\n")
      if (head < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.toString("latin1", 0, head))?.[1])
      if (buffer.length < head + 4 + length) return
      const body = buffer.toString("utf8", head + 4, head + 4 + length)
      buffer = buffer.subarray(head + 4 + length)
      received(JSON.parse(body))
    }
  })

  await request("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(own).href,
    capabilities: { textDocument: { hover: { contentFormat: ["markdown"] }, completion: {} } }
  })
  send({ method: "initialized", params: {} })
  send({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "typescript", version: 1, text } }
  })

  const positionOf = (mark: string): object => {
    const comment = `/*${mark}*/`
    const at = text.indexOf(comment)
    if (at < 0) throw new Error(`there is no mark ${mark}`)
    const before = text.slice(0, at + comment.length).split("\n")
    return { line: before.length - 1, character: before.at(-1)!.length }
  }
  const ask = (method: string, mark: string): Promise<unknown> =>
    request(method, { textDocument: { uri }, position: positionOf(mark) })

  return {
    completions: async (mark) => {
      const list = await ask("textDocument/completion", mark) as Completions | null
      const items = list === null ? [] : "items" in list ? list.items : list
      return items.map(({ label }) => label.replace(/\?$/, "").replaceAll("\"", ""))
    },
    hover: async (mark) => {
      const shown = await ask("textDocument/hover", mark) as { readonly contents: { readonly value: string } } | null
      return /```\w+\n([\s\S]*?)\n```/.exec(shown?.contents.value ?? "")?.[1] ?? "nothing"
    },
    close: () => {
      server.kill()
      rmSync(own, { recursive: true, force: true })
    }
  }
}

type Completions = ReadonlyArray<{ readonly label: string }> | {
  readonly items: ReadonlyArray<{ readonly label: string }>
}
