import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line { name: string; values: (number | null)[]; color: string }

const shortest = 60; // seconds: less would be all ticks
const wholeSteps = [1, 2, 5].flatMap(step => Array.from({ length: 10 }, (_, power) => step * 10 ** power)).sort((one, other) => one - other);

/** Lines over time, in seconds of the epoch. */
export function Plot({ times, lines, format, label, isWhole }: { times: number[]; lines: Line[]; format: (value: number) => string; label: string; /** True for what is counted. */ isWhole?: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = lines.map(line => line.name).join();
  useEffect(() => {
    const element = place.current!;
    const color = getComputedStyle(element).getPropertyValue('--faint');
    const axis = { stroke: color, grid: { stroke: `${color}40`, width: 1 }, ticks: { show: false } };
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height: 170,
        series: [{}, ...lines.map(line => ({ label: line.name, stroke: line.color, width: 2, fill: `${line.color}20`, value: (_: uPlot, value: number | null) => value === null ? '–' : format(value) }))],
        axes: [axis, { ...axis, size: 70, ...(isWhole ? { incrs: wholeSteps } : {}), values: (_: uPlot, ticks: number[]) => ticks.map(format) }],
        scales: { x: { range: (_: uPlot, from: number, to: number) => [Math.min(from, to - shortest), to] }, y: { range: (_: uPlot, _low: number, high: number) => [0, high > 0 ? high * 1.1 : 1] } },
      },
      dataOf(times, lines),
      element);
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: 170 }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      plot.current?.destroy();
    };
  }, [names]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  return <div class="plot" ref={place} role="img" aria-label={label} />;
}

// Of one point alone no axis can be made.
const dataOf = (times: number[], lines: Line[]): uPlot.AlignedData =>
  times.length === 1 ? [[times[0]! - shortest, times[0]!], ...lines.map(line => [null, line.values[0] ?? null])] : [times, ...lines.map(line => line.values)];
