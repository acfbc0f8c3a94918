// The list of labs.
import { useEffect, useState } from 'preact/hooks'
import type { Both, LabRow } from './contract'
import { Dialog, Ends, Says } from './frame'
import { Help } from './help'
import { Brand, I, Steps } from './icons'
import { S, told, use } from './state'
import { lang, seconds, w } from './words'

export function both(b: Both | string | undefined): string { return !b ? '' : typeof b === 'string' ? b : lang() === 'zh' ? b.zh || b.en : b.en || b.zh }

export function Labs() {
  use('lang', 'view')
  const [list, setList] = useState<LabRow[] | null>(null)
  const [error, setError] = useState('')
  const [find, setFind] = useState('')
  useEffect(() => {
    fetch('/api/labs', { credentials: 'same-origin' }).then(async r => { if (!r.ok) throw new Error(`${r.status} ${await r.text()}`); return r.json() }).then(r => {
      if (r.open) { location.replace('/?lab=' + encodeURIComponent(r.open)); return }
      setList(r.labs ?? [])
    }).catch(e => setError((e as Error).message))
  }, [])
  useEffect(() => { document.title = 'dnetsim' })
  const tasks = list?.filter(l => l.of) ?? []
  const done = list?.filter(l => l.state === 'done').length ?? 0
  const total = list?.reduce((n, l) => n + l.minutes, 0) ?? 0
  const going = list?.filter(l => l.state === 'doing').sort((a, b) => (b.at ?? 0) - (a.at ?? 0))[0]
  const most = Math.max(5, ...(list ?? []).map(l => l.level))
  const level = (l: LabRow) => Math.max(1, Math.ceil(l.level * 5 / most))
  const wanted = find.trim().toLowerCase()
  const match = (l: LabRow) => !wanted || [l.name, both(l.title), both(l.summary), l.title && (l.title as Both).en].join(' ').toLowerCase().includes(wanted)
  const groups: { name: string, labs: { l: LabRow, no: number }[] }[] = []
  list?.forEach((l, i) => {
    if (!match(l)) return
    const g = both(l.group) || (l.of ? w('labsWord') : w('freeWorlds'))
    let at = groups.find(o => o.name === g)
    if (!at) groups.push(at = { name: g, labs: [] })
    at.labs.push({ l, no: i + 1 })
  })
  const href = (l: LabRow) => '/?lab=' + encodeURIComponent(l.name)
  return <div class="doc labs"><header class="bar"><a class="brand" href="/" aria-label={'dnetsim, ' + w('allLabs')}><Brand /><span class="lbl">dnetsim</span></a><span class="crumb" /><span class="sp" />{S.teacher && <a class="btn" href="/teacher">{w('classroom')}</a>}<Ends /></header>
    <main class="page"><div class="col">
      <div class="hero"><div><h1>{w('heroTitle')}</h1>{list && <p>{w('heroText')}</p>}</div>
        {going && <div class="cont"><b>{both(going.title)}</b><a class="btn pri big" href={href(going)}>{w('resume')}</a><span class="soft num"><Steps done={going.done} of={going.of} /> {w('taskOf', Math.min(going.of, going.done + 1), going.of)}{going.at ? `, ${seconds(going.at)} s` : ''}</span></div>}</div>
      {error && <p class="wrong" role="alert">{w('cannotRead', error)}</p>}
      {list && list.length > 0 && <div class="ph lf"><I n="find" /><div class="filter"><input class="field find" type="search" aria-label={w('findLabs')} placeholder={w('findLab')} value={find} onInput={e => setFind(e.currentTarget.value)} /></div><span class="meta num">{w('doneTotal', done, tasks.length)} · {w('hoursTotal', Math.floor(total / 60), total % 60)}</span></div>}
      {groups.map(g => <section key={g.name}>{g.name && <div class="grp"><h2>{g.name}</h2><span class="meta">{g.labs.some(o => o.l.of) ? (m => g.labs.length === 1 ? w('labs1', m) : w('labsN', g.labs.length, m))(g.labs.reduce((n, o) => n + o.l.minutes, 0)) : g.labs.length}</span></div>}
        {g.labs.map(({ l, no }) => <a key={l.name} class={'row' + (l === going ? ' on' : '')} href={href(l)}><span class="no">{l.of ? no : ''}</span><Thumb name={l.name} /><div><h3>{both(l.title)}</h3><p>{both(l.summary)}</p></div>
          <span title={l.of ? `${level(l)}/5` : ''}>{l.of ? <><span class="vh">{w('difficulty', level(l))}</span><span class="dots" aria-hidden="true">{'●'.repeat(level(l))}<i>{'○'.repeat(Math.max(0, 5 - level(l)))}</i></span></> : null}</span><span class="num soft">{l.minutes ? w('min', l.minutes) : ''}</span><span class="soft">{(l.of ? l.langs : []).map(x => x === 'zh' ? '中' : x.toUpperCase()).join(' ')}</span>
          <span>{l.state === 'done' ? <span class="tag ok"><I n="check" />{w('stDone')}</span> : l.state === 'doing' ? l.of ? <><Steps done={l.done} of={l.of} /> <span class="num soft">{l.done}/{l.of}</span></> : <span class="soft">{w('doing')}</span> : <span class="soft">{w('notStarted')}</span>}</span></a>)}</section>)}
      {list && !list.length && <p class="empty soft">{w('noLabs')}</p>}
      {list && list.length > 0 && !groups.length && <p class="empty soft">{w('noLabsMatch', find)}</p>}
    </div></main><Says />{S.help && <Dialog title={w('help')} close={() => { S.help = false; told('view') }}><Help /></Dialog>}</div>
}

// A small drawing for each kind of lab, chosen by what its name speaks of.
function Thumb({ name }: { name: string }) {
  const d: [RegExp, preact.JSX.Element][] = [
    [/mode|local/, <><path d="M8 26h28M15 26v-8M29 26v-8" /><rect x="10" y="8" width="10" height="10" /><rect x="24" y="8" width="10" height="10" /><path d="M50 26h-14" /><circle cx="56" cy="26" r="5" /></>],
    [/publish|port/, <><rect x="30" y="6" width="40" height="24" /><rect x="50" y="12" width="12" height="12" /><path class="bl" d="M4 18h22M22 14l4 4-4 4M36 18h14" /></>],
    [/name|dns/, <><rect x="6" y="6" width="24" height="24" /><path d="M11 13h14M11 18h14M11 23h8" /><path class="bl" d="M48 18H34M38 14l-4 4 4 4" /><rect x="50" y="12" width="12" height="12" /></>],
    [/isolat/, <><path d="M6 27h26M44 27h26M13 27v-7M25 27v-7M51 27v-7M63 27v-7" /><rect x="8" y="10" width="10" height="10" /><rect x="20" y="10" width="10" height="10" /><rect x="46" y="10" width="10" height="10" /><rect x="58" y="10" width="10" height="10" /><path class="rd" d="M38 12v20" /></>],
    [/pool|address|clash|subnet/, <><rect x="8" y="6" width="36" height="18" /><rect class="rd" x="32" y="12" width="36" height="18" /></>],
    [/mtu|black/, <><path d="M4 10h22l8 5h8l8-5h22M4 26h22l8-5h8l8 5h22" /><path class="rd" d="M30 18h12" /></>],
    [/macvlan|ipvlan/, <><path d="M6 30h64M16 30v-8M38 30v-8M60 30v-8" /><rect class="ds" x="8" y="6" width="60" height="18" /><rect x="11" y="10" width="10" height="10" /><rect x="33" y="10" width="10" height="10" /><rect x="55" y="10" width="10" height="10" /></>],
    [/ping|fail/, <><rect x="4" y="4" width="26" height="22" /><rect x="46" y="4" width="26" height="22" /><path d="M17 24v8h42V18" /><rect class="f" x="54" y="10" width="10" height="8" /><path class="bl" d="M17 10v7" /><path class="rd" d="M14 20l6 6M20 20l-6 6" /></>],
    [/overlay|plane/, <><rect x="4" y="4" width="26" height="22" /><rect x="46" y="4" width="26" height="22" /><path class="bl" d="M17 18v14h42V18" /><rect class="f" x="12" y="9" width="10" height="9" /><rect class="f" x="54" y="9" width="10" height="9" /></>],
    [/fire|wall/, <><rect x="4" y="8" width="20" height="20" /><rect x="52" y="8" width="20" height="20" /><path d="M24 12h28M24 18h28M24 24h28" /><path class="rd" d="M36 11v14M40 11v14" /></>],
    [/stale|crash/, <><path d="M6 6h34v24H6zM6 14h34M6 22h34M18 6v24" /><path class="rd" d="M9 18h6" /><path class="ds" d="M42 18h12" /><rect class="ds" x="56" y="12" width="12" height="12" /></>],
  ]
  return <svg class="th" viewBox="0 0 76 36" aria-hidden="true">{(d.find(([r]) => r.test(name)) ?? [null, <><rect x="6" y="4" width="12" height="9" /><rect x="32" y="4" width="12" height="9" /><rect x="58" y="4" width="12" height="9" /><rect x="19" y="24" width="12" height="9" /><rect x="45" y="24" width="12" height="9" /><path d="M12 13l12 11M38 13L26 24M38 13l12 11M64 13L52 24" /></>])[1]}</svg>
}
