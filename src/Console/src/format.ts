const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(count: number): string {
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) count /= 1024;
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function seconds(value: number): string {
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  if (value < 172800) return `${(value / 3600).toFixed(1)} h`;
  return `${(value / 86400).toFixed(1)} d`;
}

/** "1.5s", as protocol buffers write durations. */
export const duration = (text?: string): number => text ? Number.parseFloat(text) : 0;

export const count = (value: number): string => value.toLocaleString('en');

export const percent = (part: number, whole: number): string => whole === 0 ? '–' : `${(100 * part / whole).toFixed(part > 0 && part < whole ? 1 : 0)} %`;

export function ago(time: string | undefined, now: number): string {
  if (!time) return '–';
  const past = (now - Date.parse(time)) / 1000;
  return past < 1 ? 'now' : `${seconds(past)} ago`;
}

export const clock = (time: string): string => new Date(time).toLocaleString();

export const sizeOf = (digest: string): number => Number(digest.slice(digest.indexOf('/') + 1));

export const short = (digest: string): string => digest.slice(0, 12);

export const platform = (properties: { name: string; value: string }[]): string =>
  properties.length === 0 ? 'any' : properties.map(property => `${property.name}=${property.value}`).join(', ');
