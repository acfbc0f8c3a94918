// The symbols, drawn on a grid of 16. The drawing uses the same paths.
export const paths = {
  host: 'M2.5 3.5h11v6h-11zM5 13h6M8 9.5V13',
  container: 'M2 4.5h12v7H2zM5 4.5v7M8 4.5v7M11 4.5v7',
  bridge: 'M2 5.5h12M4 5.5V11M8 5.5V11M12 5.5V11',
  namespace: 'M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11',
  vxlan: 'M1.5 5h9a3 3 0 0 1 0 6h-9M8.9 8a1.6 3 0 1 0 3.2 0a1.6 3 0 1 0-3.2 0M1.5 8h6',
  router: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M4.5 6.5h5.5M8.5 5l1.5 1.5L8.5 8M11.5 9.5H6M7.5 8L6 9.5 7.5 11',
  site: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M2 8h12M8 2c3.4 3.6 3.4 8.4 0 12M8 2C4.6 5.6 4.6 10.4 8 14',
  store: 'M3 4a5 2 0 1 0 10 0a5 2 0 1 0-10 0M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2',
  iptables: 'M2 3h12v10H2zM2 6.3h12M2 9.7h12M6 3v3.3M10 6.3v3.4M6 9.7V13',
  rewrite: 'M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13',
  names: 'M3 3h7l3 3v7H3zM5.5 8h5M5.5 10.5h3',
  packet: 'M2 4h12v8H2zM5 6.5h6v3H5z',
  terminal: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10h3',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  table: 'M2 3h12v10H2zM2 6.5h12M6.5 6.5V13',
  why: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M6.3 6.3a1.8 1.8 0 1 1 2.4 1.7c-.5.2-.7.5-.7 1.2M8 11.3v.1',
  sun: 'M5 8a3 3 0 1 0 6 0a3 3 0 1 0-6 0M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  check: 'M3 8.5l3.3 3.3L13 4.5', cross: 'M4 4l8 8M12 4l-8 8', plus: 'M8 3.5v9M3.5 8h9',
  todo: 'M3 8a5 5 0 1 0 10 0a5 5 0 1 0-10 0', lock: 'M4 7.5h8v5.5H4zM5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2',
  hop: 'M2 11c1.5-5 6-6 9-3.5M11.5 4.5V8H8M13.5 11v.1', run: 'M5 3.5v9l7.5-4.5z', pause: 'M5 3.5v9M11 3.5v9',
  back: 'M12.5 4v8l-5-4zM4.5 4v8', event: 'M3.5 4v8l5-4zM11.5 4v8', drop: 'M2 4v8l5-4zM9.5 5.5l4.5 5M14 5.5l-4.5 5',
  find: 'M3 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0M10 10l3.5 3.5', save: 'M8 2.5v7M5 7l3 3 3-3M3 13h10', clock: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0M8 4.5V8l2.5 1.5',
  asleep: 'M4 5h5l-5 6h5M11 3.5h2.5l-2.5 3h2.5', eye: 'M1.5 8C4 3.5 12 3.5 14.5 8 12 12.5 4 12.5 1.5 8zM6.2 8a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0-3.6 0',
  tasks: 'M2.5 4l1 1 2-2M8 4h5.5M2.5 11l1 1 2-2M8 11.5h5.5', large: 'M3 6.5V3h3.5M9.5 13H13V9.5M3 3l4 4M13 13L9 9', left: 'M10 3.5L5.5 8l4.5 4.5', right: 'M6 3.5L10.500 8 6 12.5',
  cable: 'M2 8h12M2 5.500v5M14 5.500v5',
} as const
export type Icon = keyof typeof paths | 'doing'

export function I({ n, cls = '' }: { n: Icon, cls?: string }) {
  return <svg class={'i ' + cls} viewBox="0 0 16 16" aria-hidden="true">
    {n === 'doing' ? <><path d={paths.todo} /><path d="M8 3a5 5 0 0 1 0 10z" fill="currentColor" /></>
      : <path d={paths[n]} fill={n === 'run' ? 'currentColor' : undefined} />}
  </svg>
}

export function Brand() {
  return <svg viewBox="0 0 22 22" aria-hidden="true"><rect x="1.5" y="4.5" width="19" height="13" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.6" /><rect class="brandin" x="6" y="8" width="10" height="6" rx="1.5" /></svg>
}

// A task's or a learner's progress as small blocks: done, under way, to do.
export function Steps({ done, of }: { done: number, of: number }) {
  return <span class="steps" aria-hidden="true">{Array.from({ length: Math.min(of, 16) }, (_, i) => <i key={i} class={i < done ? 'd' : i === done ? 'n' : ''} />)}</span>
}

// iconOf is the symbol of a node: a container that runs a known store is a drum.
export function iconOf(kind: string, image = ''): keyof typeof paths {
  switch (kind) {
    case 'host': return 'host'
    case 'router': return 'router'
    case 'site': return 'site'
    case 'namespace': return 'namespace'
    case 'bridge': case 'lan': case 'switch': return 'bridge'
    case 'vxlan': return 'vxlan'
    case 'physical': return 'cable'
  }
  return /consul|etcd|zookeeper|redis|mysql|postgres|mariadb|mongo/.test(image) ? 'store' : 'container'
}
