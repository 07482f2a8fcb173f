// Between the place in a log, which may be taller than a browser's elements can be, and the scrollbar's. Small moves are taken as
// they are; great ones as a share of the whole. Pure.

/** Browsers end somewhere between 16 and 33 million pixels. */
const TALLEST = 6_000_000;

export class Scale {
  /** The place at the top of what is seen, in pixels of the log. */
  top = 0;
  private height = 0;
  private view = 0;
  /** Where the scrollbar was last seen or put. */
  private bar = 0;

  /** Takes in how tall the log and what is seen of it are. */
  resize(height: number, view: number): void {
    this.height = height;
    this.view = view;
    this.top = Math.min(this.top, this.most);
  }

  /** The highest `top`. */
  get most(): number {
    return Math.max(0, this.height - this.view);
  }

  /** How tall the scrolled element is. */
  get tall(): number {
    return Math.min(this.height, TALLEST);
  }

  private get mostBar(): number {
    return Math.max(0, this.tall - this.view);
  }

  get scaled(): boolean {
    return this.height > TALLEST;
  }

  /** The scrollbar was moved to here. */
  moved(bar: number): void {
    const by = bar - this.bar;
    this.bar = bar;
    if (!this.scaled) this.top = bar;
    else if (Math.abs(by) < this.view * 2) this.top += by;
    else this.top = this.mostBar ? (bar / this.mostBar) * this.most : 0;
    this.top = Math.min(Math.max(0, this.top), this.most);
  }

  /** Goes to a place; returns where the scrollbar belongs then. */
  go(top: number): number {
    this.top = Math.min(Math.max(0, top), this.most);
    return this.settle();
  }

  /** Where the scrollbar belongs. */
  settle(): number {
    this.bar = this.scaled ? Math.round(this.most ? (this.top / this.most) * this.mostBar : 0) : this.top;
    return this.bar;
  }

  /** Whether the scrollbar is at an end that the place is not at, so that it can be moved no further. */
  get stuck(): boolean {
    return this.scaled && ((this.bar <= 0 && this.top > 0) || (this.bar >= this.mostBar - 1 && this.top < this.most));
  }
}
