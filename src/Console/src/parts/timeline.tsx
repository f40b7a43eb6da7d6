import { useLayoutEffect, useRef } from 'preact/hooks';
import { BuildAction } from '../api';
import { count, seconds } from '../format';

const colors: Record<BuildAction['outcome'], string> = { hit: '#1f9d55', miss: '#d98c00', stored: '#d98c00', executed: '#2457d6', merged: '#7a5af5', failed: '#d2362b' };
const most = 160, row = 4;

/** Each action of a build as a stroke over time: green if it was found, blue if a worker ran it. On a canvas, as there may be tens of thousands. */
export function Timeline({ actions }: { actions: BuildAction[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const times = actions.map(action => ({ action, from: Date.parse(action.firstSeen), to: Math.max(Date.parse(action.lastSeen), Date.parse(action.firstSeen) + 1) }));
  const height = Math.min(most, Math.max(3, times.length) * row);
  const begin = Math.min(...times.map(time => time.from)), end = Math.max(...times.map(time => time.to));
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || times.length === 0) return;
    const draw = () => {
      const width = element.clientWidth, scale = devicePixelRatio || 1;
      [element.width, element.height] = [width * scale, height * scale];
      const paint = element.getContext('2d')!;
      paint.scale(scale, scale);
      const rows = Math.floor(height / row), free: number[] = new Array<number>(rows).fill(-Infinity);
      for (const time of [...times].sort((left, right) => left.from - right.from)) {
        let line = free.findIndex(until => until <= time.from);
        if (line < 0) line = free.indexOf(Math.min(...free)); // more at a time than there are lines
        free[line] = Math.max(free[line]!, time.to);
        const x = width * (time.from - begin) / Math.max(1, end - begin);
        paint.fillStyle = colors[time.action.outcome];
        paint.fillRect(x, line * row, Math.max(1.5, width * (time.to - time.from) / Math.max(1, end - begin)), row - 1);
      }
    };
    draw();
    const sizes = new ResizeObserver(draw);
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [actions]);
  if (times.length === 0) return <p class="empty">No action of it is known.</p>;
  const outcomes = Object.entries(Object.groupBy(actions, action => action.outcome)).map(([outcome, some]) => ({ outcome: outcome as BuildAction['outcome'], count: some?.length ?? 0 }));
  return (
    <div class="plot timeline">
      <canvas ref={canvas} style={{ height: `${height}px` }} role="img" aria-label={`${count(actions.length)} actions within ${seconds((end - begin) / 1000)}: ${outcomes.map(part => `${part.count} ${part.outcome}`).join(', ')}`} />
      <p>{outcomes.map(part => <span key={part.outcome} class="key"><i style={{ background: colors[part.outcome] }} />{count(part.count)} {part.outcome}</span>)} <span class="faint">within {seconds((end - begin) / 1000)}</span></p>
    </div>
  );
}
