import { Sums } from '../api';
import { count, percent } from '../format';
import { Bar } from './figure';

/** Actions of which it is known whether the cache had them. */
export const asked = (sums: Sums): number => sums.hits + sums.misses;

/** The hit rate, as a bar and a number. */
export function Rate({ sums }: { sums: Sums }) {
  return <><Bar part={sums.hits} whole={asked(sums)} label={`${count(sums.hits)} hits of ${count(asked(sums))}`} /> {percent(sums.hits, asked(sums))}</>;
}
