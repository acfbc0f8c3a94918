// What the layout makes of a topology: boxes, ports, wires and labels on one sheet. Only numbers: drawing them is draw.tsx's.
import type { Iface, Link, Node } from '../contract'

export type Pt = [number, number]
export type Box = { x: number, y: number, w: number, h: number }
export type Anchor = 'start' | 'middle' | 'end'
export type Label = { x: number, y: number, text: string, cls: string, anchor: Anchor, small?: boolean, of?: string }

export type Thing = Box & {
  id: string, kind: 'container' | 'bridge' | 'namespace' | 'vxlan' | 'lan' | 'router' | 'site' | 'sandbox', node?: Node, iface?: Iface,
  name: string, sub: string, note: string, off: boolean, host: string
}
export type Port = { id: string, x: number, y: number, iface: Iface, up: boolean }
export type Wire = { id: string, kind: 'veth' | 'cable' | 'leg' | 'child', pts: Pt[], a: string, b: string, link?: Link, host: string }
export type Room = Box & { id: string, node: Node, band: Box, kernel: 'left' | 'right' | 'none', mirrored: boolean, folded: number, squares: { id: string, off: boolean }[] }
export type Half = { x: number, y: number, text: string, host: string, to: string, anchor: Anchor }
export type Band = { lead: boolean, a: Box, b: Box, whole: boolean, name: string, subnet: string, vni: string, x: number, y: number }
export type Tube = { pts: Pt[], id: string }

export type Scene = {
  w: number, h: number, rooms: Map<string, Room>, things: Map<string, Thing>, ports: Map<string, Port>, wires: Wire[], bands: Band[], tubes: Tube[],
  labels: Label[], halves: Half[], folded: { lan: string, x: number, y: number, n: number }[], groups: (Box & { id: string, name: string, hosts: number, containers: number })[]
}

export function emptyScene(): Scene {
  return { w: 0, h: 0, rooms: new Map(), things: new Map(), ports: new Map(), wires: [], bands: [], tubes: [], labels: [], halves: [], folded: [], groups: [] }
}

export function cross(a: Box, b: Box, gap = 0): boolean {
  return a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap
}
