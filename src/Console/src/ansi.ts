/** A stretch of text that looks the same all along: `style` is a list of classes. */
export interface Stretch { text: string; style: string }

const colors = ['', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', ''];

/**
 * What a terminal would show: colours and weights as classes, and nothing else of what programs send to terminals. Colours beyond the usual sixteen and those of the background are left out, as
 * they would be read on a page that is light or dark.
 */
export function stretches(text: string): Stretch[] {
  const found: Stretch[] = [];
  let color = '', weights = new Set<string>();
  const add = (piece: string) => {
    if (piece) found.push({ text: piece, style: [color, ...weights].filter(name => name).join(' ') });
  };
  const change = (codes: number[]) => {
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at]!;
      if (code === 0) [color, weights] = ['', new Set()];
      else if (code === 1) weights.add('bold');
      else if (code === 2) weights.add('faint');
      else if (code === 3) weights.add('italic');
      else if (code === 4) weights.add('underlined');
      else if (code === 22) { weights.delete('bold'); weights.delete('faint'); }
      else if (code === 23) weights.delete('italic');
      else if (code === 24) weights.delete('underlined');
      else if (code >= 30 && code <= 37) color = colors[code - 30]!;
      else if (code >= 90 && code <= 97) color = colors[code - 90]!;
      else if (code === 39) color = '';
      else if (code === 38 || code === 48) {
        if (code === 38 && codes[at + 1] === 5) color = colors[(codes[at + 2] ?? 16) % 8 * Number((codes[at + 2] ?? 16) < 16)]!;
        at += codes[at + 1] === 2 ? 4 : 2;
      }
    }
  };
  // Sequences that set something (CSI), titles and links (OSC), and all other escapes; what is left of one that was cut off goes, too.
  const escape = /\x1b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)/g;
  const shown = text.replace(/\r+\n/g, '\n').replace(/[^\n]*\r(?=[^\n])/g, ''); // what was written over in its line
  let from = 0;
  for (const match of shown.matchAll(escape)) {
    add(clean(shown.slice(from, match.index)));
    if (match[2] === 'm') change((match[1] || '0').split(/[;:]/).map(Number));
    from = match.index + match[0].length;
  }
  add(clean(shown.slice(from)));
  return found;
}

const clean = (text: string): string => text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, '');
