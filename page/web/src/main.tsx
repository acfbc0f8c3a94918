// Where the page starts: the address says which of its faces is wanted.
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import '@xterm/xterm/css/xterm.css'
import './page.css'
import { Classroom } from './class'
import { Explain } from './explain'
import { BarTop, Dialog, Says, startTheme, TabBar } from './frame'
import { Help } from './help'
import { Join, me } from './join'
import { startKeys } from './keys'
import { Labs } from './labs'
import { Network } from './network'
import { Packets } from './packets'
import { openRecording } from './record'
import { withoutInlineStyle } from './sheet'
import { Start } from './start'
import { kept, keep, on, recall, remember, S, told, use, type View } from './state'
import { Tables } from './tables'
import { TimeBar } from './timebar'
import { connect, tell } from './wire'
import { startLanguage, w } from './words'

withoutInlineStyle()
startLanguage()
startTheme()

function Lab() {
  use('view', 'hello', 'lang')
  const name = S.hello?.lab?.name ?? S.hello?.scenario ?? ''
  useEffect(() => { document.title = (S.hello?.lab?.title ?? S.hello?.scenario ?? '') + ' · dnetsim' })
  const seen = 'seen.' + name
  if (S.hello?.lab?.story && S.story) return <><Start begin={() => { S.story = false; keep(seen, '1'); told('view'); if (stopped) tell('time', { op: 'run' }); stopped = false }} /><Says /></>
  return <div class={'app v-' + S.view} data-pane={S.pane} id="lab">
    <BarTop />
    {S.view === 'network' ? <Network /> : S.view === 'packets' ? <Packets /> : S.view === 'tables' ? <Tables /> : <Explain />}
    <TimeBar />
    <TabBar />
    <Says />
    {S.help && <Dialog title={w('help')} close={() => { S.help = false; told('view') }}><Help /></Dialog>}
  </div>
}

let known = ''
let stopped = false // time stands still while the story is read for the first time
on('hello', () => {
  const name = S.hello?.lab?.name ?? ''
  if (S.hello?.lab && name !== known) { known = name; S.story = !kept('seen.' + name) && !S.watching && !S.recorded; told('view'); if (S.story && S.hello.lab.story) { stopped = true; tell('time', { op: 'pause' }) } }
})

const root = document.getElementById('page')!
const q = new URLSearchParams(location.search)
const hash = location.hash.slice(1)
if (['packets', 'tables', 'explain'].includes(hash)) S.view = hash as View
if (q.get('pane')) S.pane = q.get('pane') as typeof S.pane

const recording = document.getElementById('recording')
if (recording) {
  startKeys()
  render(<Lab />, root)
  openRecording(JSON.parse(recording.textContent ?? '{}'))
} else if (location.pathname === '/teacher') {
  render(<Classroom />, root)
} else {
  const start = () => {
    if (!q.has('lab')) { render(<Labs />, root); return }
    startKeys()
    recall()
    render(<Lab />, root)
    addEventListener('pagehide', remember)
    connect()
  }
  void me().then(m => { if (m?.role === 'learner' && !m.named) render(<Join done={start} />, root); else { S.teacher = m?.role === 'teacher'; start() } })
}
