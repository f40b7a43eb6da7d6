namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>What can be checked of a page without looking at it (WCAG 2.2): names, one title, languages, and whether text stands out from what is behind it.</summary>
internal static class Accessibility
{
    /// <summary>A function for the browser, which answers a line for each fault.</summary>
    public const string Check =
        """
        () => {
          const faults = [];
          const seen = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getBoundingClientRect().width > 1;
          const nameOf = element => (element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent || element.title || element.placeholder || '').trim();
          if (!document.documentElement.lang) faults.push('the page does not say its language');
          if (!document.title.replace('RemoteExec', '').match(/\w/)) faults.push('the page has no title of its own: ' + document.title);
          if (document.querySelectorAll('h1').length !== 1) faults.push('there is not one h1, but ' + document.querySelectorAll('h1').length);
          if (!document.querySelector('main')) faults.push('there is no main');
          for (const element of document.querySelectorAll('a, button, input, select, textarea, [role=img], [role=meter], [role=region]'))
            if (seen(element) && !nameOf(element)) faults.push('without a name: ' + element.outerHTML.slice(0, 120));
          for (const heading of document.querySelectorAll('th'))
            if (heading.textContent.trim() && heading.scope !== 'col' && !heading.closest('[role=img]')) // what is in an image is not read out
              faults.push('a heading without scope: ' + heading.outerHTML.slice(0, 120));
          const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
          if (new Set(ids).size !== ids.length) faults.push('an id is given twice');

          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
          const luminance = color => color.slice(0, 3).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
          const behind = element => {
            for (let at = element; at; at = at.parentElement) {
              const color = rgba(getComputedStyle(at).backgroundColor);
              if (color[3] === 255) return color;
            }
            return [255, 255, 255, 255];
          };
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const element = node.parentElement;
            if (!node.textContent.trim() || !seen(element)) continue;
            const [light, dark] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))].sort((left, right) => right - left);
            if ((light + 0.05) / (dark + 0.05) < 4.5) faults.push('too little contrast: "' + node.textContent.trim().slice(0, 60) + '"');
          }
          return faults.join('\n');
        }
        """;
}
