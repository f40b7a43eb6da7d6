import { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { count } from '../format';

export interface Column<T> {
  title: string;
  /** What the column means, for who rests on its title. */
  about?: string;
  cell: (row: T) => ComponentChildren;
  /** What rows are ordered by when the title is clicked, and found by if it is text. */
  order?: (row: T) => number | string;
  /** What rows are found by, if it is something else. */
  find?: (row: T) => string;
  isNumber?: boolean;
}

const rowHeight = 30;
const beyond = 20; // rows that are drawn above and below what is seen
const few = 15; // rows that nobody has to search

/** A table that stays quick with tens of thousands of rows: those alone are drawn that can be seen, and the one that has the focus. */
export function Table<T>({ label, columns, rows, keyOf, empty, isMore, onEnd }: {
  label: string; columns: Column<T>[]; rows: T[]; keyOf: (row: T) => string; empty: ComponentChildren;
  /** Whether there are more rows than are here. */
  isMore?: boolean;
  /** Called when the last rows are seen. */
  onEnd?: () => void;
}) {
  const [order, setOrder] = useState<{ column: number; isDown: boolean }>();
  const [wanted, setWanted] = useState('');
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const [focused, setFocused] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      sizes.disconnect();
    };
  }, [rows.length === 0]);

  const words = wanted.toLowerCase().split(/\s+/).filter(word => word);
  const textOf = (row: T) => columns.map(column => column.find?.(row) ?? column.order?.(row)).filter(text => typeof text === 'string').join('\n').toLowerCase();
  const found = words.length === 0 ? rows : rows.filter(row => {
    const text = textOf(row);
    return words.every(word => text.includes(word));
  });
  const by = order && columns[order.column]?.order;
  const sorted = by ? [...found].sort((left, right) => compare(by(left), by(right)) * (order.isDown ? -1 : 1)) : found;
  const first = Math.min(Math.max(0, Math.floor(seen.top / rowHeight) - beyond), Math.max(0, sorted.length - 1));
  const last = Math.min(sorted.length, Math.ceil((seen.top + seen.height) / rowHeight) + beyond);
  const isAtEnd = rows.length > 0 && last === sorted.length;
  useLayoutEffect(() => { if (isAtEnd) onEnd?.(); }, [isAtEnd, rows.length]);
  if (rows.length === 0) return <div class="empty">{empty}</div>;

  const drawn = Array.from({ length: Math.max(0, last - first) }, (_, number) => first + number);
  const kept = focused === undefined ? -1 : sorted.findIndex(row => keyOf(row) === focused);
  if (kept >= 0 && kept < first) drawn.unshift(kept);
  if (kept >= last) drawn.push(kept);
  const gap = (from: number, to: number) => to > from && <tr key={`gap-${from === 0 ? 'top' : to === sorted.length ? 'end' : 'middle'}`} aria-hidden="true" style={{ height: `${(to - from) * rowHeight}px` }} />;
  return (
    <>
      {rows.length > few && (
        <p class="filters">
          <label>find <input type="search" value={wanted} aria-label={`find in ${label}`} onInput={event => {
            setWanted(event.currentTarget.value);
            if (box.current) box.current.scrollTop = 0;
          }} /></label>
          <span class="faint" role="status">{words.length > 0 ? `${count(found.length)} of ${count(rows.length)}` : count(rows.length)}{isMore ? ' so far' : ''}</span>
        </p>
      )}
      <div class="table" ref={box} tabIndex={0} role="region" aria-label={label}>
        <table aria-rowcount={isMore ? -1 : sorted.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column, number) => (
                <th key={column.title} class={column.isNumber ? 'number' : ''} title={column.about} scope="col" aria-sort={order?.column === number ? (order.isDown ? 'descending' : 'ascending') : undefined}>
                  {column.order
                    ? <button onClick={() => setOrder({ column: number, isDown: order?.column === number ? !order.isDown : column.isNumber === true })}>
                        {column.title}<span aria-hidden="true">{order?.column === number ? (order.isDown ? ' ↓' : ' ↑') : ''}</span>
                      </button>
                    : column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody onFocusOut={() => setFocused(undefined)}>
            {drawn.flatMap((at, number) => { // in one list with the gaps: a row that has the focus must not be made anew
              const row = sorted[at]!, key = keyOf(row);
              return [
                gap(number === 0 ? 0 : drawn[number - 1]! + 1, at),
                <tr key={key} aria-rowindex={at + 2} onFocusIn={() => setFocused(key)}>
                  {columns.map(column => <td key={column.title} class={column.isNumber ? 'number' : ''}>{column.cell(row)}</td>)}
                </tr>,
              ];
            })}
            {gap(drawn.length === 0 ? 0 : drawn.at(-1)! + 1, sorted.length)}
          </tbody>
        </table>
      </div>
    </>
  );
}

const compare = (left: number | string, right: number | string): number =>
  typeof left === 'number' && typeof right === 'number' ? left - right : String(left).localeCompare(String(right));
