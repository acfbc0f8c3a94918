// Which part of the sheet is seen, and in how much detail. Text is never drawn under 9.5 px: the level changes instead.
import type { Scene } from './scene'

export type Camera = { k: number, x: number, y: number, own: boolean /* moved by the user: no longer fitted */ }
export type Level = 1 | 2 | 3 | 4 // network, host, device, port
export type Detail = { level: Level, full: boolean, grow: number, tiny?: number /* a thumbnail: only names of containers, at this size */ }

export function fitted(s: Scene, w: number, h: number): Camera {
  const k = Math.min(w / Math.max(s.w, 1), h / Math.max(s.h, 1), 1.25)
  return { k, x: (w - s.w * k) / 2, y: Math.max(0, (h - s.h * k) / 2), own: false }
}

export function zoomed(c: Camera, by: number, px: number, py: number): Camera {
  const k = Math.min(3.2, Math.max(0.03, c.k * by))
  return { k, x: px - (px - c.x) * k / c.k, y: py - (py - c.y) * k / c.k, own: true }
}

export function detailOf(c: Camera, s: Scene): Detail {
  const rooms = [...s.rooms.values()]
  const mean = rooms.length ? rooms.reduce((n, r) => n + r.w, 0) / rooms.length : 400
  if (c.k >= 0.73 || c.k >= 0.56 && rooms.length <= 2) return { level: c.k >= 1.9 ? 4 : 3, full: c.k >= 0.73, grow: Math.max(1, 9.5 / (12.5 * c.k)) }
  if (c.k >= 0.62) return { level: 3, full: false, grow: Math.max(1, 9.5 / (12.5 * c.k)) }
  const high = rooms.length ? rooms.reduce((n, r) => n + r.h, 0) / rooms.length : 400
  return { level: s.groups.length > 1 && (mean * c.k < 62 || high * c.k < 30) ? 1 : 2, full: false, grow: 1 }
}

// within moves the camera as little as needed to bring a point into sight.
export function within(c: Camera, x: number, y: number, w: number, h: number, margin = 60): Camera {
  const px = x * c.k + c.x, py = y * c.k + c.y
  const dx = px < margin ? margin - px : px > w - margin ? w - margin - px : 0
  const dy = py < margin ? margin - py : py > h - margin ? h - margin - py : 0
  return dx || dy ? { ...c, x: c.x + dx, y: c.y + dy, own: true } : c
}

// seenPart is the part of the sheet that is worth drawing when there are many rooms, in steps so that a small move changes nothing.
export function seenPart(c: Camera, w: number, h: number): { x: number, y: number, w: number, h: number } {
  const step = 600, x = Math.floor((-c.x / c.k - 200) / step) * step, y = Math.floor((-c.y / c.k - 200) / step) * step
  return { x, y, w: Math.ceil((w / c.k + 400) / step + 1) * step, h: Math.ceil((h / c.k + 400) / step + 1) * step }
}
