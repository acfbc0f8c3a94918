// Before a lab: its story, what there is to do, and the learner's own world.
import { useEffect } from 'preact/hooks'
import { Ends } from './frame'
import { Brand } from './icons'
import { Drawing } from './net/draw'
import { addressOf, bare, engineName, lanName, modelOf } from './net/model'
import { S, use } from './state'
import { w } from './words'

export function Start({ begin }: { begin: () => void }) {
  use('hello', 'topo', 'tasks', 'lang')
  const lab = S.hello!.lab!
  const topo = S.topo, m = topo && modelOf(topo)
  const engine = m?.hosts.find(h => h.engine)?.engine
  useEffect(() => { document.getElementById('begin')?.focus({ preventScroll: true }) }, [])
  return <div class="doc start"><header class="bar"><a class="brand" href="/" aria-label={'dnetsim, ' + w('allLabs')}><Brand /><span class="lbl">dnetsim</span></a><span class="crumb"><b>{lab.title}</b></span><span class="sp" /><Ends help={false} /></header>
    <main class="page"><div class="col two">
      <article class="prose"><div class="meta">{[lab.level ? w('difficulty', lab.level) : '', w('about', lab.minutes)].filter(Boolean).join(' · ')}</div><h1>{lab.title}</h1>
        <div dangerouslySetInnerHTML={{ __html: lab.story }} />
        {S.tasks && S.tasks.tasks.length > 0 && <><h2>{w('youWill')}</h2><ol>{S.tasks.tasks.map(t => <li key={t.id}>{t.title}</li>)}</ol></>}
        <div class="go"><button id="begin" class="btn pri big" onClick={begin}>{S.tasks?.done ? w('resume') : w('start')} <kbd>↵</kbd></button><span class="soft">{w('hintsCost')}</span></div></article>
      <aside><h2 class="sh">{w('yourWorld')}</h2><div class="thumb" aria-hidden="true" inert><Drawing lit={null} fold={false} live={false} thumb /></div>
        <dl class="kv">{S.hello!.learner && <><dt>{w('learner')}</dt><dd>{S.hello!.learner}</dd></>}
          {m?.lans.map(l => <><dt>LAN</dt><dd>{lanName(l).replace('LAN ', '')}</dd></>)}
          {m?.hosts.slice(0, 8).map(h => <><dt>{h.name}</dt><dd>{[bare(addressOf(m, h.id)), (m.children.get(h.id) ?? []).filter(c => c.kind === 'container').map(c => c.name).join(', ')].filter(Boolean).join(' · ')}</dd></>)}
          {topo?.networks.filter((n, i, all) => !['bridge', 'host', 'none', 'docker_gwbridge'].includes(n.name) && all.findIndex(o => o.id === n.id) === i).map(n => <><dt>{n.name}</dt><dd>{n.subnets.join(' ') || n.driver}</dd></>)}
          {engine && <><dt>Docker</dt><dd>{engineName(engine).replace(/^Docker /, '')}</dd></>}</dl>
        {S.hello!.learner && <p class="meta">{w('drawnFrom')}</p>}</aside>
    </div></main></div>
}
