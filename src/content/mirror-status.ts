/** How another store fares that is given each file of this one. */
export interface MirrorStatus {
  /** It answered when it was asked the last time. */
  up: boolean
  /** Files that it is not known to hold, as far as they are counted: of very many, the first ones are. */
  waiting: number
  /** Since when the first of them is known to wait, in Unix milliseconds. */
  oldest?: number
}
