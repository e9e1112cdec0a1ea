/**
 * A collection in no order whose items know their places: an array in which a vacant place holds the number of the next vacant
 * one.
 *
 * V8 charges for each reference that an old object takes to a young one. This makes one for each item; moving the last item into
 * the gap makes two, and a linked list four.
 */
export class Places<A extends object> {
  readonly #places: Array<A | number> = []
  // The end of the array where no place is vacant.
  #vacant = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds an item, and returns its place. */
  add(item: A): number {
    const place = this.#vacant
    const next = this.#places[place]
    this.#vacant = typeof next === "number" ? next : place + 1
    this.#places[place] = item
    this.#size++
    return place
  }

  /** Makes a place vacant. */
  remove(place: number): void {
    this.#places[place] = this.#vacant
    this.#vacant = place
    this.#size--
  }

  /** The items at this moment. */
  get items(): Array<A> {
    return this.#places.filter((item) => typeof item !== "number")
  }
}
