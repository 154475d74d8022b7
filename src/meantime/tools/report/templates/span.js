// The stretch of time that the waterfall shows, and how zooming and moving change it.

const SHORTEST_MS = 0.05;

/** A span from 0 to `end`; its methods return whether they changed it. */
class Span {
  constructor(end) {
    this.end = Math.max(end, SHORTEST_MS);
    this.from = 0;
    this.to = this.end;
  }

  get length() {
    return this.to - this.from;
  }

  get whole() {
    return this.from <= 0 && this.to >= this.end;
  }

  set(from, to) {
    const length = Math.min(this.end, Math.max(SHORTEST_MS, to - from));
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(0, middle - length / 2), this.end - length);
    const changed = Math.abs(start - this.from) > 1e-9 || Math.abs(start + length - this.to) > 1e-9;
    this.from = start;
    this.to = start + length;
    return changed;
  }

  /** Show `factor` times as much, with the moment `around` staying where it is. */
  zoom(factor, around = (this.from + this.to) / 2) {
    const length = Math.min(this.end, Math.max(SHORTEST_MS, this.length * factor));
    const before = ((around - this.from) / this.length) * length;
    return this.set(around - before, around - before + length);
  }

  move(milliseconds) {
    const way = Math.min(Math.max(milliseconds, -this.from), this.end - this.to);
    return this.set(this.from + way, this.to + way);
  }

  reset() {
    return this.set(0, this.end);
  }
}
