// All texts that are seen now with less contrast to what is behind them than WCAG 2.2 AA asks for: 4.5, large ones 3.
(() => {
  const color = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const ground = color(getComputedStyle(at).backgroundColor);
      if (ground[3] > 0) layers.push(ground);
      if (ground[3] === 1) break;
    }
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    return layers.reverse().reduce((back, front) => over(front, back), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const low = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest('script, style, noscript, .visually-hidden')) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const found = ratio(over(color(style.color), back), back);
    looked++;
    if (found < wanted) low.push(`${text.slice(0, 40)}: ${found.toFixed(2)} of ${style.color} on ${back}`);
  }
  if (looked < 30) low.push('only ' + looked + ' texts were seen');
  return low;
})()
