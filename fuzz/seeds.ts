/** What the fuzzers begin with: messages of real clients, and what once was hard. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export function readSeeds(): Uint8Array[] {
  const vectors = readFileSync('test/vectors/clients.jsonl', 'utf8').trim().split('\n')
  const corpus = readdirSync('fuzz/corpus').filter((name) => name.endsWith('.hex'))
  return [
    ...vectors.map((line) => (JSON.parse(line) as { hex: string }).hex),
    ...corpus.map((name) => readFileSync(join('fuzz/corpus', name), 'utf8').trim()),
  ].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))
}
