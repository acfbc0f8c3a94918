// The tasks at the side: what is done, what to do now, hints and what they cost, a question's field.
import { useState } from 'preact/hooks'
import type { Task } from './contract'
import { I } from './icons'
import { modelOf, addressOf } from './net/model'
import { S, say, told, use } from './state'
import { ask, tell } from './wire'
import { seconds, w } from './words'

export function currentTask(): Task | undefined { return S.tasks?.tasks.find(t => t.state === 'doing') ?? S.tasks?.tasks.find(t => t.state === 'todo') }
export function hint(t = currentTask()) {
  if (!t || t.state === 'done' || S.watching) return
  ask<{ text: string, kind: string } | null>('hint', { task: t.id }).then(h => { if (h?.kind === 'none') say('info', plain(h.text)) }).catch(e => say('error', (e as Error).message))
}
function plain(html: string): string { return new DOMParser().parseFromString(html, 'text/html').body.textContent ?? '' }

export function Tasks() {
  use('tasks', 'hello', 'topo', 'lang')
  const t = S.tasks
  if (!t || !t.tasks.length) return <World />
  const now = currentTask()
  const used = t.tasks.reduce((n, k) => n + k.hints.length, 0)
  return <>
    <div class="ph"><h2>{w('tasks')}</h2><span class="sp" /><span class="meta num">{S.hello?.lab ? w('minutesLab', S.hello.lab.minutes) : ''}</span></div>
    <div class="scroll" tabIndex={0} role="group" aria-label={w('tasks')}>
      {t.deadEnd && <div class="deadend" role="alert"><b><I n="cross" /> {w('deadEnd')}.</b> <div class="story" dangerouslySetInnerHTML={{ __html: t.deadEnd }} /><Checkpoints /></div>}
      {t.done === t.tasks.length && <div class="solved"><b><I n="check" /> {w('solved')}.</b> {w('solvedText', t.points, t.of)}</div>}
      <ol class="tasks">{t.tasks.map(k => <One key={k.id} t={k} now={k === now} />)}</ol>
      <div class="foot">{S.hello?.lab?.story && <button class="btn quiet" onClick={() => { S.story = true; told('view') }}>{w('readStory')}</button>}{S.hello?.lab && !S.watching && !S.recorded && <a class="btn quiet" download title={w('handInText')} href={'/record.json?lab=' + encodeURIComponent(S.hello.lab.name)}><I n="save" />{w('handIn')}</a>}<span class="sp" /><span class="meta num">{used ? (used === 1 ? w('hintUsed1') : w('hintsUsed', used)) + ' · ' : ''}{w('points', t.points, t.of)}</span></div>
    </div>
  </>
}

function One({ t, now }: { t: Task, now: boolean }) {
  const cls = t.state === 'done' ? 'done' : t.state === 'locked' ? 'wait' : now ? 'now' : 'todo'
  const icon = t.state === 'done' ? 'check' : t.state === 'locked' ? 'lock' : now ? 'doing' : 'todo'
  const label = t.state === 'done' ? w('done') : t.state === 'locked' ? w('locked') : now ? w('doing') : w('todo')
  const [open, setOpen] = useState(false)
  const full = now || open && t.state !== 'locked'
  return <li class={'task ' + cls} aria-current={now ? 'step' : undefined}>
    <span class="st"><I n={icon} /><span class="vh">{label}</span></span>
    <h3>{now || t.state === 'locked' ? t.title : <button class="plain" aria-expanded={open} onClick={() => setOpen(!open)}>{t.title}</button>}</h3>
    {t.state === 'locked' && t.needs && t.needs.length > 0 && <span class="vh">{w('needs', t.needs.map(n => n.title).join(', '))}</span>}
    <span class="at num" title={t.lost ? `−${t.lost}` : undefined}>{t.doneAt !== undefined && t.state === 'done' ? (t.doneAt / 1e6).toFixed(2) : ''}</span>
    {full && <div class="bd">
      {t.text && <div class="story" dangerouslySetInnerHTML={{ __html: t.text }} />}
      {t.parts.length > 0 && <ul class="chk">{t.parts.map((p, i) => <li key={i} class={p.state === 'done' ? 'y' : 'n'}><I n={p.state === 'done' ? 'check' : p.state === 'doing' ? 'doing' : 'todo'} cls={p.state === 'done' ? 'y' : ''} /><span><span class="vh">{w(p.state)}: </span>{p.text}</span></li>)}</ul>}
      {t.ask && t.state !== 'done' && !S.watching && <Answer t={t} />}
      {t.state === 'done' && t.answer && <p class="soft">{w('yourAnswer', t.answer)}</p>}
      {t.hints.map((h, i) => <div key={i} class="hint story"><b>{w(h.kind === 'world' ? 'hintWorld' : 'hintWritten', i + 1)}</b><div dangerouslySetInnerHTML={{ __html: h.text }} /></div>)}
      {t.state !== 'done' && !S.watching && <div class="hrow">{t.nextHint && <button class="btn" aria-keyshortcuts="H" onClick={() => hint(t)}>{t.hints.length ? w('nextHint') : w('hint')} {t.nextHint.cost > 0 && <span class="dim">−{t.nextHint.cost}</span>}</button>}<Checkpoints /></div>}
    </div>}
  </li>
}

function Answer({ t }: { t: Task }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [says, setSays] = useState('')
  const send = async (e: Event) => {
    e.preventDefault()
    if (!text.trim()) return
    setBusy(true)
    try { const r = await ask<{ right: boolean, says: string } | null>('answer', { task: t.id, text: text.trim() }); setSays(r && !r.right ? plain(r.says ?? '') : ''); if (r?.right) say('info', plain(r.says ?? '') || w('right')) } catch (x) { say('error', (x as Error).message) }
    setBusy(false)
  }
  return <form onSubmit={send}><div class="ans"><input class="field" aria-label={t.ask} aria-invalid={!!t.wrong} placeholder={t.ask} value={text} onInput={e => setText(e.currentTarget.value)} autocomplete="off" spellcheck={false} /><button class="btn" disabled={busy}>{w('check')}</button></div>
    {(says || t.wrong) && <p class="wrong" role="status"><I n="cross" /> {says || w('notRight', t.wrong!)}</p>}</form>
}

function Checkpoints() {
  const list = S.tasks?.checkpoints ?? []
  const [open, setOpen] = useState(false)
  if (!list.length || S.watching) return null
  return <span class="pop"><button class="btn quiet" aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>{w('backToCheckpoint')}</button>
    {open && <div class="menu up" role="menu" onKeyDown={e => { if (e.key === 'Escape') setOpen(false) }}>{list.map(c => <button key={c.name} role="menuitem" onClick={() => { setOpen(false); tell('checkpoint', { name: c.name }) }}><span class="dim">◇</span> {c.title ?? c.name} <span class="meta num">{seconds(c.at)}</span></button>)}</div>}</span>
}

// A world without tasks: what is in it, as a list.
function World() {
  const topo = S.topo
  const m = topo && modelOf(topo)
  return <>
    <div class="ph"><h2>{S.hello?.lab?.title ?? w('noTasks')}</h2></div>
    <div class="scroll worldl" tabIndex={0} role="group" aria-label={w('noTasks')}>
      {S.hello?.lab?.story ? <div class="sec story" dangerouslySetInnerHTML={{ __html: S.hello.lab.story }} /> : <p class="sec soft">{w('noTasksText')}</p>}
      {m && <><section class="sec"><h2>{w('hosts')}</h2><ul>{m.hosts.map(h => <li key={h.id}><I n="host" /><b>{h.name}</b> <span class="mono dim">{addressOf(m, h.id).replace(/\/\d+$/, '')}</span> <span class="soft">{(m.children.get(h.id) ?? []).filter(c => c.kind === 'container').map(c => c.name).join(', ')}</span></li>)}</ul></section>
        <section class="sec"><h2>{w('networksWord')}</h2><ul>{topo!.networks.filter((n, i, all) => !['none', 'host'].includes(n.name) && all.findIndex(o => o.name === n.name && o.driver === n.driver) === i).map(n => <li key={n.id + n.hosts.join()}><I n={n.driver === 'overlay' ? 'vxlan' : 'bridge'} /><b>{n.name}</b> <span class="mono dim">{n.subnets.join(' ') || n.driver}</span> <span class="soft">{n.driver}{n.vni !== undefined ? `, VNI ${n.vni}` : ''}</span></li>)}</ul></section></>}
    </div>
  </>
}
