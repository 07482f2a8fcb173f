// Reads YAML streams back with npm's `yaml` (YAML 1.2 core, and its 1.1 mode) and `js-yaml`, and compares them
// with the JSON they must mean. Prints each misread document's first difference; exits with 1 if there is any.
//
//     node read_back.mjs DIR [READER]

import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path'
import jsYaml from 'js-yaml'
import * as yaml from 'yaml'

const readYaml = (version) => (stream) =>
  yaml.parseAllDocuments(stream, { version, uniqueKeys: true }).map((document) => {
    if (document.errors.length + document.warnings.length > 0) throw document.errors[0] ?? document.warnings[0]
    return document.toJS({ maxAliasCount: 0 })
  })

const readers = {
  'npm yaml 1.2': readYaml('1.2'),
  'npm yaml 1.1': readYaml('1.1'),
  'js-yaml': (stream) => jsYaml.loadAll(stream),
}

// The documents' texts, each with all of its line breaks; no line of their content begins with ---.
const documentsOf = (stream) =>
  `\n${stream.replace(/\n$/, '')}`.split('\n---\n').slice(1).map((text) => `---\n${text}\n`)

// `-0` and `0` are one number to JSON's readers; everything else is compared strictly.
const plain = (value) =>
  JSON.parse(
    JSON.stringify(value, (_key, inner) => {
      if (inner === undefined) return 'UNDEFINED'
      return typeof inner === 'number' && !Number.isFinite(inner) ? `NUMBER ${inner}` : inner
    }),
  )

function difference(found, expected, path = '') {
  if (isDeepStrictEqual(found, expected)) return null
  if (found && expected && typeof found === 'object' && typeof expected === 'object') {
    for (const key of new Set([...Object.keys(found), ...Object.keys(expected)])) {
      const inner = difference(found[key], expected[key], `${path}.${JSON.stringify(key)}`)
      if (inner) return inner
    }
  }
  return `${path}: ${JSON.stringify(found)} for ${JSON.stringify(expected)}`
}

function* check(read, stream, expected) {
  let found
  try {
    found = read(stream.join(''))
  } catch (error) {
    if (stream.length === 1) {
      yield `unreadable: ${String(error).slice(0, 300)}\n${stream[0].slice(0, 600)}`
      return
    }
    const half = stream.length >> 1
    yield* check(read, stream.slice(0, half), expected.slice(0, half))
    yield* check(read, stream.slice(half), expected.slice(half))
    return
  }
  if (found.length !== expected.length) yield `${found.length} documents for ${expected.length}`
  else for (const [index, one] of found.entries()) {
    const wrong = difference(plain(one), plain(expected[index]))
    if (wrong) yield wrong
  }
}

const directory = process.argv[2]
const only = process.argv[3]
let wrong = 0
for (const [name, read] of Object.entries(readers)) {
  if (only && only !== name) continue
  let count = 0
  let documents = 0
  for (const file of readdirSync(directory).filter((file) => file.endsWith('.yaml')).sort()) {
    const stream = documentsOf(readFileSync(join(directory, file), 'utf8'))
    const expected = readFileSync(join(directory, file.replace(/yaml$/, 'jsonl')), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    if (stream.length !== expected.length) throw new Error(`${file}: a document holds a separator`)
    documents += stream.length
    for (const message of check(read, stream, expected)) {
      count += 1
      if (count <= 40) console.log(`${file}: ${message.slice(0, 1200)}`)
    }
  }
  console.log(`${name}: ${count} misreads in ${documents} documents`)
  wrong += count
}
process.exit(wrong ? 1 : 0)
