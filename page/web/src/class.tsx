// The classroom: where the class is, who needs the teacher, a learner's terminals to look at.
import { useEffect, useState } from 'preact/hooks'
import type { Class, Learner } from './contract'
import { Ends, Says } from './frame'
import { Brand, I, Steps, type Icon } from './icons'
import { S, say, use } from './state'
import { Dock } from './terms'
import { both } from './labs'
import { connect } from './wire'
import { w, type Word } from './words'

const words: Record<Learner['state'], [Word, Icon, string]> = { stuck: ['stStuck', 'why', 'amber'], dead: ['stDead', 'cross', 'red'], work: ['stWork', 'doing', ''], done: ['stDone', 'check', 'ok'], asleep: ['stAsleep', 'asleep', ''], off: ['stOff', 'todo', ''] }
const order: Learner['state'][] = ['dead', 'stuck', 'work', 'done', 'asleep', 'off']
const nameOf = (l: Learner) => l.name || l.learner

export function Classroom() {
  use('lang')
  const [c, setC] = useState<Class | null>(null)
  const [error, setError] = useState('')
  const [find, setFind] = useState('')
  const [sort, setSort] = useState<'need' | 'name' | 'progress'>('need')
  const [at, setAt] = useState(new URLSearchParams(location.search).get('watch') ?? '')
  const [lab, setLab] = useState(new URLSearchParams(location.search).get('lab') ?? '')
  useEffect(() => {
    let stop = false
    const get = () => fetch('/api/class' + (lab ? '?lab=' + encodeURIComponent(lab) : ''), { credentials: 'same-origin' }).then(async r => { if (!r.ok) throw new Error(`${r.status} ${await r.text()}`); return r.json() }).then(v => { setC(v); setError('') }).catch(e => setError((e as Error).message)).finally(() => { if (!stop) t = window.setTimeout(get, 2000) })
    let t = 0
    void get()
    return () => { stop = true; clearTimeout(t) }
  }, [lab])
  useEffect(() => { document.title = w('classroom') + ' · dnetsim' })
  const list = [...c?.learners ?? []].filter(l => !find || [nameOf(l), l.learner, w(words[l.state][0]), l.line].join(' ').toLowerCase().includes(find.toLowerCase()))
  list.sort((a, b) => (sort === 'need' ? order.indexOf(a.state) - order.indexOf(b.state) || (a.state === 'stuck' || a.state === 'dead' ? b.since - a.since : 0) : sort === 'progress' ? a.done - b.done : 0) || nameOf(a).localeCompare(nameOf(b)))
  const need = c?.learners.filter(l => l.state === 'stuck' || l.state === 'dead').length ?? 0
  const piles = c ? [...c.tasks.map(t => ({ title: both(t.title), of: c.learners.filter(l => l.state !== 'done' && (l.task === t.id || !l.task && t === c.tasks[0])) })), { title: w('stDone'), of: c.learners.filter(l => l.state === 'done') }] : []
  const chosen = c?.learners.find(l => l.learner === at)
  const mark = { work: 'work', stuck: 'stuck', dead: 'dead', done: 'done', asleep: 'zz', off: 'off' }
  const choose = (l: Learner) => { if (l.state === 'off') return; const u = new URL(location.href); u.searchParams.set('watch', l.learner); history.replaceState(null, '', u); setAt(l.learner) }
  return <div class="app two-row v-class"><header class="bar"><a class="brand" href="/" aria-label={'dnetsim, ' + w('allLabs')}><Brand /><span class="lbl">dnetsim</span></a><span class="crumb">{c?.title && c.title !== 'dnetsim' ? c.title : w('classroom')}</span>{c?.labs && c.labs.length > 1 && <select class="field labsel" aria-label={w('labsWord')} value={c.lab} onChange={e => { const v = e.currentTarget.value, u = new URL(location.href); u.searchParams.set('lab', v); u.searchParams.delete('watch'); history.replaceState(null, '', u); setAt(''); setLab(v) }}>{c.labs.filter(l => l.of > 0).map(l => <option key={l.name} value={l.name}>{both(l.title)}</option>)}</select>}<span class="sp" />
    {c && <span class="soft num opt">{c.learners.length === 1 ? w('learner1', c.awake) : w('learnersN', c.learners.length, c.awake)}{c.memory ? ` · ${Math.round(c.memory / 1e6)} MB` : ''}</span>}{c && <a class="btn opt" href={'/records.zip?lab=' + encodeURIComponent(c.lab ?? '')} aria-label={w('records')} download><I n="save" /><span class="lbl">{w('records')}</span></a>}<a class="btn" href="/results.csv" aria-label={w('results')} download><I n="save" /><span class="lbl">{w('results')}</span></a><Ends help={false} /></header>
    <main class="work">
      <section class="sum" aria-label={w('whereClass')}><div><h1>{w('whereClass')}</h1><p class="soft">{need === 0 ? w('nobodyNeeds') : need === 1 ? w('needs1') : w('needYou', need)}</p></div>
        <div class="piles" tabIndex={0} role="group" aria-label={w('whereClass')}>{piles.map((p, i) => <div key={i} class="pile"><div class="ds">{p.of.slice(0, 60).map(l => <i key={l.learner} class={mark[l.state]} title={`${nameOf(l)}: ${w(words[l.state][0])}`} />)}</div><b title={p.title}>{p.title}</b><span class="meta num">{p.of.length}</span></div>)}</div></section>
      <section class="pane listp" aria-label={w('whoNeeds')}><div class="ph tall"><I n="find" /><div class="filter"><input class="field" type="search" placeholder={w('findLearner')} aria-label={w('filterLearners')} value={find} onInput={e => setFind(e.currentTarget.value)} /></div>
        <div class="seg" role="group" aria-label={w('whoNeeds')}>{(['need', 'name', 'progress'] as const).map(s => <button key={s} aria-pressed={sort === s} onClick={() => setSort(s)}>{w(s === 'need' ? 'whoNeeds' : s === 'name' ? 'byName' : 'byProgress')}</button>)}</div></div>
        <div class="scroll" tabIndex={0} role="group" aria-label={w('filterLearners')}>
          {error && <p class="empty wrong" role="alert">{w('cannotRead', error)}</p>}
          {c && !c.learners.length && <p class="empty soft">{w('noLearners')}</p>}
          {c && c.learners.length > 0 && <table><thead><tr><th>{w('learner')}</th><th>{w('state')}</th><th>{w('tasks')}</th><th class="r">{w('minCol')}</th><th class="r">{w('hintsCol')}</th><th>{w('lastLine')}</th></tr></thead>
            <tbody>{list.map(l => <tr key={l.learner} class={l.learner === at ? 's' : ''} onClick={() => choose(l)}><td class="u"><button class="plain" aria-pressed={l.learner === at} onClick={() => choose(l)}>{l.state === 'stuck' || l.state === 'dead' ? <b>{nameOf(l)}</b> : nameOf(l)}</button></td><td class="u"><State l={l} /></td><td><Steps done={l.done} of={l.of} /><span class="vh">{l.done}/{l.of}</span></td><td class="r">{l.state === 'off' || l.state === 'done' ? '–' : Math.round(l.since / 60)}</td><td class="r">{l.hints || '–'}</td><td title={l.line}>{l.line}</td></tr>)}</tbody></table>}
        </div></section>
      <aside class="pane side" aria-label={w('terminals')}>{chosen ? <Watch key={chosen.learner + c!.lab} l={chosen} lab={c!.lab ?? lab} /> : <p class="empty soft">{w('chooseLearner')}</p>}</aside>
    </main><Says /></div>
}

function State({ l, long }: { l: Learner, long?: string }) { const [word, icon, cls] = words[l.state]; return <span class={'tag ' + cls}><I n={icon} />{long ?? w(word)}</span> }

function Watch({ l, lab }: { l: Learner, lab: string }) {
  use('terms', 'link')
  const [text, setText] = useState('')
  useEffect(() => watch(lab, l.learner), [l.learner, lab])
  const send = async (e: Event) => {
    e.preventDefault()
    if (!text.trim()) return
    const r = await fetch('/api/say', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ learner: l.learner, lab, text: text.trim() }) })
    if (r.ok) { setText(''); say('info', w('sent')) } else say('error', `${r.status} ${await r.text()}`)
  }
  return <><div class="ph"><h2>{nameOf(l)}</h2><State l={l} long={l.state === 'stuck' || l.state === 'dead' ? w('stuckFor', w(words[l.state][0]), Math.round(l.since / 60)) : undefined} /><span class="sp" /><span class="meta">{l.memory && l.memory > 1e6 ? Math.round(l.memory / 1e6) + ' MB ' : ''}<a href={`/record.json?lab=${encodeURIComponent(lab)}&learner=${encodeURIComponent(l.learner)}`} download>{w('record1')}</a> {l.link ? <a href={l.link} onClick={e => { e.preventDefault(); void navigator.clipboard?.writeText(new URL(l.link!, location.href).href) }} title={new URL(l.link, location.href).href}>{w('copyLink')}</a> : ''}</span></div>
    {(l.says || l.cause) && <div class="sit">{l.says && <p>{l.says}</p>}{l.cause && <p class="soft">{w('cause')} <code>{l.cause}</code></p>}</div>}
    <Dock only={0} />
    <form class="say" onSubmit={send}><input class="field" aria-label={w('wordTo', nameOf(l))} placeholder={w('wordTo', nameOf(l))} value={text} onInput={e => setText(e.currentTarget.value)} /><button class="btn pri">{w('sendHint')}</button></form></>
}

function watch(lab: string, learner: string): () => void {
  S.terms = []
  S.hello = null
  return connect({ lab, watch: learner })
}
