// Builds dist/ from src/: one script, one stylesheet, one document, and the licences of what is bundled.
// `node build.mjs DIR` writes to DIR instead, for the check that the committed bundle is the sources'.
import { build } from 'esbuild'
import { mkdirSync, readFileSync, writeFileSync, readdirSync, copyFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2] ?? join(here, 'dist')
mkdirSync(out, { recursive: true })

const result = await build({
  absWorkingDir: here, entryPoints: { app: 'src/main.tsx' }, outdir: out, bundle: true, minify: true, metafile: true,
  format: 'iife', target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'], jsx: 'automatic', jsxImportSource: 'preact',
  charset: 'utf8', legalComments: 'none', logLevel: 'warning', sourcemap: false,
})
copyFileSync(join(here, 'src/index.html'), join(out, 'index.html'))

// Whatever the bundle took from node_modules is named with its licence.
const packages = new Set()
for (const file of Object.keys(result.metafile.inputs)) {
  const m = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)
  if (m) packages.add(m[1])
}
let text = 'The page of dnetsim contains the following packages, unchanged.\n'
for (const name of [...packages].sort()) {
  const dir = join(here, 'node_modules', name)
  const about = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const licence = readdirSync(dir).find(f => /^licen[cs]e/i.test(f))
  if (!licence) throw new Error(`${name} has no licence file`)
  text += `\n${'-'.repeat(78)}\n${name} ${about.version}, ${about.license}\n\n${readFileSync(join(dir, licence), 'utf8').trim()}\n`
}
writeFileSync(join(out, 'licences.txt'), text)
for (const f of ['app.js', 'app.css', 'index.html', 'licences.txt']) console.log(f, statSync(join(out, f)).size)
