// Every word of the page, in both languages; {0}, {1} are filled in. Commands, names and reasons (l3-miss) stay as they are.
import { keep, kept, told } from './state'

const table = {
  // the bar and the views
  network: ['Network', '网络'], packets: ['Packets', '报文'], tables: ['Tables', '表'], explain: ['Explain', '原因'],
  views: ['Views', '视图'], panes: ['Panes', '窗格'], labNo: ['Lab', '实验'], doneOf: ['{0} of {1} done', '已完成 {0}/{1}'], otherLanguage: ['中文', 'English'],
  lightOrDark: ['Light or dark', '浅色或深色'], help: ['Keyboard and help', '键盘与帮助'], allLabs: ['All labs', '全部实验'],
  recorded: ['recorded', '录像'], watching: ['watching {0}, typing is theirs', '正在旁观 {0}，只能看'],
  // the drawing
  drawing: ['Drawing', '网络图'], fit: ['Fit', '适合'], fitHint: ['Fit the drawing (0)', '让图适合窗口（0）'], smaller: ['Smaller', '缩小'], larger: ['Larger', '放大'],
  addresses: ['Addresses', '地址'], foldIdle: ['Fold what is idle', '折叠空闲部分'], unfold: ['Show all', '全部显示'],
  inFlight: ['in flight', '在途'], delivered: ['delivered', '已送达'], diedOn: ['died on {0}', '死在 {0}'], waiting: ['waiting', '在等'], carried: ['in {0}', '在 {0} 里'],
  at: ['at {0}', '在 {0}'], onCable: ['on the cable from {0} to {1}', '在 {0} 到 {1} 的网线上'],
  veth: ['veth', 'veth'], cable: ['cable', '网线'], tunnel: ['tunnel', '隧道'], throughKernel: ['through the kernel', '经过内核'],
  kernelBand: ['kernel · routes · iptables', '内核 · 路由 · iptables'], noPeer: ['no peer row', '没有对端表项'], noPort: ['no port, DOWN', '无端口，DOWN'],
  idleN: ['+{0} idle', '+{0} 空闲'], hostsN: ['{0} hosts', '{0} 台主机'], containersN: ['{0} containers', '{0} 个容器'], host1: ['1 host', '1 台主机'], cont1: ['1 container', '1 个容器'],
  switch: ['switch', '交换机'], exited: ['exited', '已退出'], created: ['created', '未启动'], paused: ['paused', '已暂停'], off: ['off', '已关机'], down: ['DOWN', 'DOWN'],
  hostNet: ['host network', '主机网络'], noNet: ['no network', '无网络'], levels: ['Network, Host, Device, Port', '网络、主机、设备、端口'],
  level1: ['Network', '网络'], level2: ['Host', '主机'], level3: ['Device', '设备'], level4: ['Port', '端口'],
  noWorld: ['Building the world', '正在搭建网络'], nothingSent: ['Nobody has sent anything yet.', '还没有人发过报文。'],
  typeOrRun: ['Type a command in a terminal, or press Space to let time run.', '在终端里敲一条命令，或按空格让时间走。'],
  pathOf: ['Path of packet {0}', '报文 {0} 的路径'], path: ['Path', '路径'], noPath: ['No packet is followed. Choose one in Packets, or press . to step.', '没有跟踪报文。在“报文”里选一个，或按 . 走一跳。'],
  next: ['next', '下一步'], opened: ['{0}, opened in place', '{0}，就地展开'], drawingOf: ['{0} hosts and {1} containers on {2}. Arrow keys walk along the lines, Enter opens tables.', '{2} 上有 {0} 台主机、{1} 个容器。方向键沿线走，回车打开表。'],
  // terminals
  terminals: ['Terminals', '终端'], terminal: ['Terminal', '终端'], newTerminal: ['New terminal', '新终端'], closeTerminal: ['Close {0}', '关闭 {0}'], ended: ['ended', '已结束'],
  newOutput: ['new output', '有新输出'], noTerminal: ['No terminal is open here.', '这里没有打开终端。'], openOn: ['Open one on {0}', '在 {0} 上打开一个'],
  larger2: ['Larger terminals', '放大终端'],
  // tasks
  tasks: ['Tasks', '任务'], minutesLab: ['{0} min', '{0} 分钟'], hint: ['Hint', '提示'], nextHint: ['Next hint', '下一条提示'], hintWorld: ['Hint {0}, from your world.', '提示 {0}，来自你的网络。'],
  hintWritten: ['Hint {0}.', '提示 {0}。'], backToCheckpoint: ['Back to a checkpoint', '回到存档点'], check: ['Check', '检查'], answer: ['Answer', '答案'],
  handIn: ['Hand in', '上交'], handInText: ['Your record as a file, which dnetsim grade marks', '你的记录文件，dnetsim grade 可以评分'], records: ['Records, zip', '记录 zip'], record1: ['Record', '记录'], readStory: ['Read the story again', '再读一遍背景'], points: ['{0} of {1} points', '{0}/{1} 分'], hintsUsed: ['{0} hints used', '用了 {0} 条提示'], hintUsed1: ['1 hint used', '用了 1 条提示'],
  right: ['Right.', '正确。'], notRight: ['“{0}” is not it.', '“{0}”不对。'], needs: ['After: {0}', '先完成：{0}'], yourAnswer: ['Your answer: {0}', '你的答案：{0}'], locked: ['locked', '未解锁'], todo: ['not yet', '还没有'], doing: ['under way', '进行中'], done: ['done', '完成'], deadEnd: ['Dead end', '走进死路'],
  noTasks: ['A free world', '自由练习'], noTasksText: ['There is nothing to solve here. Type commands, stop time, and follow packets.', '这里没有题目。敲命令，让时间停下，跟着报文走。'],
  hosts: ['Hosts', '主机'], networksWord: ['Networks', '网络'], lookNow: ['Look again', '再看一次'], solved: ['All solved', '全部完成'], checkpoint: ['checkpoint', '存档点'],
  solvedText: ['You have {0} of {1} points. The world is still yours to play with.', '你得了 {0}/{1} 分。这个网络还可以继续玩。'],
  // time
  time: ['Virtual time', '虚拟时间'], back: ['Back', '后退'], run: ['Run', '运行'], pause: ['Pause', '暂停'], hop: ['Hop', '一跳'], event: ['Event', '一个事件'], nextDrop: ['Next drop', '下一次丢包'],
  speed: ['Speed', '速度'], running: ['running', '运行中'], pausedState: ['paused', '已暂停'], busy: ['replaying', '重放中'], asleep: ['asleep', '休眠'], over: ['stopped', '已停止'],
  hopOf: ['hop {0} of {1}', '第 {0}/{1} 跳'], looking: ['looking at {0}', '正在看 {0}'], dropsN: ['{0} drops', '{0} 次丢包'], worldStopped: ['The world stopped at {0} s: {1}', '网络停在 {0} s：{1}'],
  keptSoFar: ['Everything up to there is kept.', '到此为止的一切都保留着。'], goBackTo: ['Go back to {0} s', '退回到 {0} s'], replaying: ['Replaying to {0} s', '正在重放到 {0} s'],
  // packets
  no: ['No.', '编号'], timeS: ['Time, s', '时间 s'], place: ['Place', '位置'], source: ['Source', '源'], destination: ['Destination', '目的'], proto: ['Proto', '协议'], info: ['Info', '信息'],
  fate: ['What became of it', '结局'], filter: ['Filter packets', '过滤报文'], filterHint: ['tcpdump filter or a word: icmp and host 172.16.0.2', 'tcpdump 过滤式或一个词：icmp and host 172.16.0.2'],
  rowsOf: ['{0} rows of {1} packets', '{1} 个报文中的 {0} 行'], everyHop: ['Every hop', '每一跳'], follow: ['Follow', '跟随'], drops: ['Drops', '丢包'],
  noMatch: ['No packets match {0}.', '没有报文符合 {0}。'], hidden: ['{0} packets are hidden by the filter.', '过滤式隐藏了 {0} 个报文。'], clearFilter: ['Clear the filter', '清除过滤'],
  frame: ['Packet {0}', '报文 {0}'], bytesN: ['{0} bytes', '{0} 字节'], prevHop: ['Previous hop of this packet (Shift+←)', '这个报文的上一跳（Shift+←）'], nextHop: ['Next hop of this packet (Shift+→)', '这个报文的下一跳（Shift+→）'],
  addedBy: ['{0}: {1} bytes', '{0}：{1} 字节'], addedBy2: ['added by {0}: {1} bytes', '{0} 加上的：{1} 字节'], whatSent: ['what {0} sent: {1} bytes', '{0} 发出的：{1} 字节'], rewritten: ['rewritten here', '在此改写'], untouched: ['untouched: {0} bytes', '未改：{0} 字节'],
  beforeAfter: ['Before and after', '改前与改后'], before: ['before', '改前'], after: ['after', '改后'], whatDecided: ['What decided', '由什么决定'], bytes: ['Bytes', '字节'], moreZero: ['{0} bytes more, all zero', '后面 {0} 字节全为零'],
  rule: ['Rule', '规则'], reason: ['Reason', '原因'], noFrame: ['Choose a packet to see its bytes.', '选一个报文，看它的字节。'], hops: ['Hops', '跳'], lightPath: ['Path', '路径'],
  explainThis: ['Why?', '为什么？'], noBytes: ['Its bytes are not kept.', '没有保存它的字节。'], carriedBy: ['carried by', '载它的报文'], carries: ['inside it', '它里面的报文'], copyOf: ['copy or piece of', '复制或分片自'], same: ['same', '不变'],
  // tables
  devices: ['Devices', '设备'], changedSince: ['changed since {0}', '自 {0} 起的变化'], columns: ['Columns', '分栏'], asPrinted: ['As printed', '原样'], changes: ['Changes', '变化'],
  noChanges: ['Nothing has changed here since the last look.', '上次看过之后这里没有变化。'], chooseDevice: ['Choose a device.', '选一个设备。'], typeThis: ['Type it on {0}', '在 {0} 上敲'], noTables: ['This device has no tables.', '这个设备没有表。'],
  forgetChanges: ['Mark as seen', '标为已看'],
  // explain
  from: ['From', '从'], to: ['To', '到'], port: ['Port', '端口'], ask: ['Ask', '询问'], askFlow: ['Ask about a flow', '询问一条流'], lastFailure: ['Last failure', '最近一次失败'], works: ['works', '通'], fails: ['fails', '不通'],
  whatToType: ['What to type', '该敲什么'], typeIt: ['Type it on {0}', '在 {0} 上敲'], typeItAll: ['Type it', '敲进去'], typed: ['Typed on {0}. Watch the terminal.', '已在 {0} 上敲入，请看终端。'], proved: ['proved in a copy of this world', '已在副本中验证'], notProved: ['not proved', '未验证'],
  evidence: ['Evidence: each line is a command you can run on the real hosts', '证据：每一行都是能在真实主机上运行的命令'], ruledOut: ['Ruled out', '已排除'], journey: ['The journey', '旅程'], question: ['question', '询问'], request: ['request', '请求'], reply: ['reply', '回应'], lookup: ['lookup', '查名字'], what: ['What', '动作'], packet: ['Packet', '报文'],
  asking: ['Trying it in a copy of this world', '正在副本中尝试'], askText: ['Choose where from and where to. A probe is sent in a copy of this world; yours is not touched.', '选择起点和终点。探测在副本中进行，不碰你的网络。'],
  portHint: ['tcp 80, udp 53; empty: ping', 'tcp 80、udp 53；不填：ping'], large: ['full-size packets too', '也试大包'], matrix: ['Everybody to everybody', '全部两两之间'], asText: ['As the terminal prints it', '终端里的样子'], codePage: ['about this code', '关于这个代码'],
  // lists and start
  heroTitle: ['See where the packet goes', '看清报文去了哪里'],
  heroText: ['Labs on hosts that behave like real Docker hosts and can be stopped at any moment. Type real commands, watch every packet, and find out why it did not arrive.', '这些实验里，主机的行为和真的 Docker 主机一样，而且随时能停下来。敲真实的命令，看每一个报文，查清它为什么没有到。'],
  resume: ['Continue', '继续'], start: ['Start', '开始'], findLab: ['Find a lab: DNAT, vxlan, MTU …', '查找实验：DNAT、vxlan、MTU ……'], findLabs: ['Find a lab', '查找实验'], doneTotal: ['{0} of {1} done', '已完成 {0}/{1}'], hoursTotal: ['{0} h {1} min in all', '共 {0} 小时 {1} 分钟'],
  labs1: ['1 lab, {0} minutes', '1 个实验，{0} 分钟'], labsN: ['{0} labs, {1} minutes', '{0} 个实验，{1} 分钟'], min: ['{0} min', '{0} 分钟'], notStarted: ['not started', '未开始'], difficulty: ['difficulty {0} of 5', '难度 {0}/5'], about: ['about {0} minutes', '约 {0} 分钟'],
  youWill: ['You will', '你要做的'], yourWorld: ['Your world', '你的网络'], learner: ['Learner', '学员'], drawnFrom: ['Addresses and the fault are drawn from your name. Somebody else’s world differs; yours is the same on every machine.', '地址和故障由你的名字决定。别人的网络与你的不同；你的在每台机器上都一样。'],
  hintsCost: ['Hints cost points. Time stands still while you read.', '提示要扣分。你读的时候时间是停的。'], noLabs: ['There are no labs here.', '这里没有实验。'], noLabsMatch: ['No lab matches {0}.', '没有实验符合 {0}。'], taskOf: ['task {0} of {1}', '第 {0}/{1} 个任务'],
  // classroom
  classroom: ['Classroom', '课堂'], whereClass: ['Where the class is', '全班在哪里'], needYou: ['{0} need you.', '{0} 人需要你。'], needs1: ['1 needs you.', '1 人需要你。'], nobodyNeeds: ['Nobody needs you.', '没有人需要你。'], results: ['Results, CSV', '成绩 CSV'],
  learner1: ['1 learner, {0} awake', '1 名学员，{0} 人在线'], learnersN: ['{0} learners, {1} awake', '{0} 名学员，{1} 人在线'], findLearner: ['Name, state or command', '姓名、状态或命令'], filterLearners: ['Filter learners', '过滤学员'], whoNeeds: ['Who needs me', '谁需要我'], byName: ['Name', '姓名'], byProgress: ['Progress', '进度'],
  state: ['State', '状态'], minCol: ['min', '分'], hintsCol: ['hints', '提示'], lastLine: ['Last line', '最后一行'], stStuck: ['Stuck', '卡住'], stDead: ['Dead end', '走进死路'], stWork: ['Working', '进行中'], stDone: ['Done', '完成'], stAsleep: ['Asleep', '休眠'], stOff: ['Not here', '没来'],
  stuckFor: ['{0} for {1} min', '{0} {1} 分钟'], cause: ['Cause in this world:', '这个网络里的原因：'], sendHint: ['Send a word', '发一句话'], wordTo: ['A word to {0}', '对 {0} 说'], sent: ['Sent.', '已发送。'], youWatch: ['you are watching, typing is theirs', '你在旁观，键盘是学员的'], chooseLearner: ['Choose a learner to see their terminals.', '选一个学员，看终端。'], noLearners: ['Nobody has opened their link yet.', '还没有人打开链接。'],
  whoAreYou: ['Who are you?', '你是谁？'], yourName: ['Your name', '你的名字'], nameText: ['The name that your teacher knows. Your world is drawn from it, and your work is kept under it.', '写老师认识的名字。你的网络由它决定，你的进度也记在它名下。'], joinIn: ['Come in', '进入'],
  linkText: ['This is your own link: keep it, it brings you back to your work from any machine.', '这是你自己的链接，请收好：在任何机器上都能用它回到你的进度。'], toLabs: ['To the labs', '去看实验'], freeWorlds: ['Free worlds', '自由练习'], labsWord: ['Labs', '实验'], copyLink: ['Their link', '学员的链接'], netOf: ['network of {0}', '{0} 的网络'],
  // states
  noConnection: ['No connection to the lab.', '与实验的连接断了。'], tryingAgain: ['Trying again in {0} s. What you type is kept by the world, not by this page.', '{0} 秒后重试。网络里的一切都保留着。'], tryNow: ['Try now', '立即重试'], connecting: ['Connecting', '正在连接'], close: ['Close', '关闭'], error: ['Error', '错误'], warning: ['Warning', '注意'],
  cannotRead: ['The list cannot be read: {0}', '读不到列表：{0}'], notInRecording: ['A recording cannot do this: it has no world behind it.', '录像做不到这个：它后面没有网络。'],
  // help
  keys: ['Keys', '按键'], kRun: ['run, pause', '运行、暂停'], kHop: ['one hop', '一跳'], kEvent: ['one event', '一个事件'], kDrop: ['to the next drop', '到下一次丢包'], kBack: ['back', '后退'], kSpeed: ['slower, faster', '变慢、变快'],
  kViews: ['network, packets, tables, explain', '网络、报文、表、原因'], kTerm: ['into the terminals and out', '进出终端'], kNextTerm: ['next terminal', '下一个终端'], kDouble: ['larger terminals', '放大终端'], kFilter: ['filter, find', '过滤、查找'], kList: ['walk a list, open', '在列表里走、打开'],
  kHops: ['this packet’s hops', '这个报文的各跳'], kArrows: ['walk the drawing, along lines', '沿线走图'], kFit: ['fit the drawing', '让图适合窗口'], kHint: ['next hint', '下一条提示'], kHelp: ['all of this', '这一切'], arrows: ['arrows', '方向键'],
  lettersOff: ['Single-letter keys', '单键快捷键'], signs: ['Signs', '符号'], sDown: ['down', '断开'], sLossy: ['lossy', '丢包'], sBlocked: ['blocked by a rule', '被规则挡住'], sLit: ['lit path', '点亮的路径'], sDied: ['where it died', '死在哪里'], sPacket: ['packet; in a tunnel', '报文；在隧道里'], sPort: ['published port', '发布的端口'],
  licences: ['Third-party licences', '第三方许可'], left: ['left', '左'], sep: ['Size of the pane', '窗格大小'],
} as const

export type Word = keyof typeof table

let current: 'en' | 'zh' = 'en'
export function lang() { return current }
export function tongue(): 'en' | 'zh' { return current }

export function startLanguage() {
  const q = new URLSearchParams(location.search).get('lang')
  const wanted = q ?? kept('lang') ?? navigator.language
  setLanguage(wanted.startsWith('zh') ? 'zh' : 'en', false)
}
export function setLanguage(l: 'en' | 'zh', remember = true) {
  current = l
  document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en'
  if (remember) keep('lang', l)
  told('lang')
}

export function w(key: Word, ...args: (string | number)[]): string {
  const s: string = table[key][current === 'zh' ? 1 : 0]
  return args.length ? s.replace(/\{(\d)\}/g, (_, i) => String(args[+i])) : s
}

// seconds prints microseconds with the six decimals that the trail has.
export function seconds(us: number): string { return (us / 1e6).toFixed(6) }
// span prints a short time the way people say it.
export function span(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`
  if (us < 1e6) return `${trim(us / 1000)} ms`
  return `${trim(us / 1e6)} s`
}
function trim(n: number) { return n >= 100 ? n.toFixed(0) : n.toFixed(n >= 10 ? 1 : 2).replace(/\.?0+$/, '') }
export function grouped(n: number): string { return String(n).replace(/\B(?=(\d{3})+$)/g, ',') }
