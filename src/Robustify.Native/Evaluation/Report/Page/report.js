'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const results = data.results, run = data.run || {}, samples = data.samples || [];
  const names = Object.keys(results.models), models = names.map(n => results.models[n]);
  const root = document.documentElement, page = document.getElementById('page');
  const errors = [];
  window.addEventListener('error', e => { errors.push(e.message); root.dataset.errors = errors.join(' | '); });

  // ---- small things -------------------------------------------------------------------------------------------------------------
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children.filter(c => c !== null && c !== undefined));
    return element;
  };
  const section = (title, note) => {
    const part = make('section', {}, make('h2', {}, title), note ? make('p', { class: 'note' }, note) : null);
    page.append(part);
    return part;
  };
  const at = (object, ...path) => path.reduce((o, key) => (o === undefined || o === null ? undefined : o[key]), object);
  const isNumber = value => typeof value === 'number' && Number.isFinite(value);
  // corruption_mean_top1 and the like, as the headline table calls them.
  const measured = name => name === 'corruption_mean_top1' ? 'mean corruption' : words(name.replace(/_top1$/, ''));
  const percent = (value, digits = 1) => isNumber(value) ? (100 * value).toFixed(digits).replace('-', '−') : '';
  const signed = (value, digits = 1) => {
    if (!isNumber(value)) return '';
    const text = (100 * value).toFixed(digits);
    return Number(text) === 0 ? text.replace('-', '') : (value > 0 ? '+' : '') + text.replace('-', '−');
  };
  const mean = values => values.length ? values.reduce((a, b) => a + b, 0) / values.length : NaN;
  const words = name => name.replace(/_/g, ' ');
  const count = value => isNumber(value) ? value.toLocaleString('en') : '';

  // ---- theme and charts ---------------------------------------------------------------------------------------------------------
  const wished = location.hash === '#dark' ? 'dark' : location.hash === '#light' ? 'light' : null;
  if (wished) root.dataset.theme = wished;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const palette = () => isDark()
    ? ['#86abff', '#f2a65a', '#5ecf9f', '#e58bb6', '#c3a6ff', '#d9d27a', '#7fd3e8', '#c0c6d2']
    : ['#2457c5', '#c2610c', '#17805a', '#b0306f', '#6a41b8', '#7a7000', '#0f7a99', '#5b6474'];
  // Beyond the palette colours come again, dashed and with other marks.
  const tint = i => palette()[i % palette().length];
  const isRepeated = i => i >= palette().length;
  const mark = i => ({ color: tint(i), symbol: isRepeated(i) ? 'diamond' : 'circle', symbolSize: isRepeated(i) ? 9 : 7, lineStyle: { width: 2.5, type: isRepeated(i) ? 'dashed' : 'solid' } });
  const charts = [];
  // With `labels` the figure grows by the lines that their legend takes.
  const figure = (parent, title, detail, height, option, labels = null) => {
    const box = make('div', { class: 'chart', role: 'img', 'aria-label': title });
    const frame = make('figure', {}, make('figcaption', {}, title, detail ? make('span', {}, detail) : null), box);
    parent.append(frame);
    charts.push({ box, frame, option, height, labels, chart: null });
  };
  const draw = entry => {
    if (entry.chart) entry.chart.dispose();
    entry.chart = null;
    const width = entry.box.clientWidth;
    if (!width) return; // in a part that is folded away: drawn when it is opened
    const room = entry.labels ? legendRoom(entry.labels, width) : 0, height = entry.height + room;
    entry.box.style.height = height + 'px';
    entry.chart = echarts.init(entry.box, null, { renderer: 'svg' });
    const ink = colour('--ink');
    entry.chart.setOption({
      animation: false, color: palette(), backgroundColor: 'transparent',
      textStyle: { fontFamily: 'system-ui, sans-serif', color: ink, fontSize: 12 },
      ...entry.option({ ink, soft: colour('--soft'), line: colour('--line'), card: colour('--card'), narrow: width < 420, width, height, room }),
    });
    entry.frame.dataset.drawn = String(entry.box.querySelectorAll('svg path, svg rect, svg text').length);
  };
  const axis = (style, more) => ({
    axisLine: { lineStyle: { color: style.line } }, axisTick: { show: false }, axisLabel: { color: style.soft },
    splitLine: { lineStyle: { color: style.line } }, nameTextStyle: { color: style.soft }, ...more,
  });
  const tip = style => ({ backgroundColor: style.card, borderColor: style.line, textStyle: { color: style.ink, fontSize: 13 }, confine: true });
  const legend = style => ({ bottom: 0, left: 'center', textStyle: { color: style.ink }, itemWidth: 16, itemGap: 12, type: 'plain' });
  const textWidth = (() => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = '12px system-ui, sans-serif';
    return text => pen.measureText(text).width;
  })();
  // Height of a legend that is broken into lines as the chart is wide; the plot ends above it.
  const legendRoom = (labels, width) => {
    let lines = 1, used = 0;
    for (const label of labels) {
      const own = 16 + 5 + textWidth(label) + 16;
      if (used > 0 && used + own > width - 24) { lines++; used = 0; }
      used += own;
    }
    return 10 + 22 * lines;
  };
  // A name may be broken behind its underscores.
  const breakable = name => name.split(/(?<=_)/).flatMap((part, i) => i ? [make('wbr'), part] : [part]);
  // Models beside one another where that is readable, else below one another. A column has a title and one cell a model: { text, small, class }.
  const matrix = (parent, rowNames, columns) => {
    const cell = c => make('td', c.class ? { class: c.class } : {}, c.text, c.small ? make('small', {}, c.small) : null);
    const isTurned = rowNames.length <= 4;
    const head = isTurned ? ['', ...rowNames] : ['model', ...columns.map(c => c.title)];
    const rows = isTurned
      ? columns.map(c => make('tr', {}, make('td', {}, c.title), ...c.cells.map(cell)))
      : rowNames.map((name, i) => make('tr', {}, make('td', {}, ...breakable(name)), ...columns.map(c => cell(c.cells[i]))));
    parent.append(make('div', { class: 'scroll' }, make('table', { class: isTurned ? 'turned' : 'matrix' },
      make('thead', {}, make('tr', {}, ...head.map(h => make('th', {}, ...breakable(h))))), make('tbody', {}, ...rows))));
  };

  // ---- what was found -----------------------------------------------------------------------------------------------------------
  const per = model => at(model, 'corruption', 'per') || {};
  const corruptions = [...new Set(models.flatMap(m => Object.keys(per(m))))];
  const severities = [...new Set(models.flatMap(m => Object.values(per(m)).flatMap(Object.keys)))].sort();
  const headline = model => at(model, 'corruption', 'main_mean_top1') ?? at(model, 'corruption', 'mean_top1');
  const suites = [...new Set(models.flatMap(m => Object.keys(m.shifts || {})))];
  const ledger = results.ledger || {};
  const caveats = results.not_comparable || {};
  const marked = name => words(name) + (caveats[name] ? ' *' : '');
  // Means over a corruption that does not compare do not compare either.
  const isMarked = held => corruptions.some(c => caveats[c] && held === ['speckle_noise', 'gaussian_blur', 'spatter', 'saturate'].includes(c));

  document.getElementById('subtitle').textContent = [
    names.length === 1 ? `Model ${names[0]}` : `${names.length} models`,
    isNumber(at(models[0], 'clean', 'images')) ? `${count(models[0].clean.images)} clean images` : null,
    corruptions.length ? `${corruptions.length} corruptions at ${severities.length} severities` : null,
    ...suites,
  ].filter(Boolean).join(' · ');

  const warnings = results.warnings || [];
  for (const warning of warnings) page.append(make('div', { class: 'warning' }, warning));

  const headlineTable = () => {
    const part = section('Results', 'Top-1 accuracy in percent with 95 % intervals. Means run over conditions of equal weight; the interval of a mean counts images, as an image goes through all conditions. ↓: lower is better. '
      + (models.some(m => isNumber(at(m, 'corruption', 'mce'))) ? 'mCE is normalised by AlexNet’s published errors (AlexNet = 100, lower is better).' : ''));
    const range = (low, high) => isNumber(low) && isNumber(high) ? `${percent(low)}–${percent(high)}` : null;
    const columns = [
      ['clean', m => at(m, 'clean', 'top1'), 1, m => range(at(m, 'clean', 'top1_low'), at(m, 'clean', 'top1_high'))],
      ['mean corruption' + (isMarked(false) ? ' *' : ''), headline, 1, m => range(at(m, 'corruption', 'main_mean_top1_low'), at(m, 'corruption', 'main_mean_top1_high'))],
      ['held-out corruptions' + (isMarked(true) ? ' *' : ''), m => at(m, 'corruption', 'validation_mean_top1'), 1],
      ['drop', m => at(m, 'corruption', 'drop'), -1],
      ['mCE' + (isMarked(false) ? ' *' : ''), m => at(m, 'corruption', 'mce') / 100, -1],
      ['relative mCE' + (isMarked(false) ? ' *' : ''), m => at(m, 'corruption', 'relative_mce') / 100, -1],
      ...suites.map(s => [s, m => at(m, 'shifts', s, 'top1'), 1, m => range(at(m, 'shifts', s, 'top1_low'), at(m, 'shifts', s, 'top1_high'))]),
      ['answers flipped', m => at(m, 'corruption', 'flip_rate'), -1],
      ['ECE clean', m => at(m, 'clean', 'ece'), -1],
      ['ECE corrupted', m => at(m, 'corruption', 'ece'), -1],
      ['AURRA corrupted', m => at(m, 'corruption', 'aurra'), 1],
    ].filter(c => models.some(m => isNumber(c[1](m))));
    const best = columns.map(c => c[2] * Math.max(...models.map(c[1]).filter(isNumber).map(v => c[2] * v)));
    matrix(part, names, columns.map((c, k) => ({
      title: c[0] + (c[2] < 0 ? ' ↓' : ''),
      cells: models.map(m => ({ text: percent(c[1](m)), small: c[3] ? c[3](m) : null, class: names.length > 1 && c[1](m) === best[k] ? 'best' : '' })),
    })));
    for (const [corruption, reason] of Object.entries(caveats)) part.append(make('p', { class: 'note', style: 'margin-top:12px' }, `* ${words(corruption)}: ${reason}`));
    const comparisons = (results.comparisons || []).filter(c => isNumber(c.difference));
    if (comparisons.length) {
      part.append(make('p', { class: 'note', style: 'margin-top:18px' }, 'Paired bootstrap over the same images: points that the model gains on '
        + comparisons[0].first + ', with the 95 % interval. An interval without 0 is a difference that the choice of images does not explain.'));
      const compared = [...new Set(comparisons.map(c => c.second))];
      matrix(part, compared, [...new Set(comparisons.map(c => c.measure))].map(measure => ({
        title: measured(measure),
        cells: compared.map(second => {
          const c = comparisons.find(k => k.second === second && k.measure === measure);
          return c ? { text: signed(c.difference), small: `${signed(c.low)} … ${signed(c.high)}`, class: c.low > 0 ? 'right' : c.high < 0 ? 'wrong' : '' } : { text: '' };
        }),
      })));
    }
  };

  // Whole steps of 1, 2 or 5 that hold the values.
  const scale = (low, high, margin) => {
    if (high - low < 1) [low, high] = [Math.max(0, (low + high - 1) / 2), (low + high + 1) / 2]; // a tenth of a point is no difference to magnify
    const room = margin * (high - low), wanted = (high - low + 2 * room) / 5, power = 10 ** Math.floor(Math.log10(wanted));
    const interval = [1, 2, 5, 10].find(m => m * power >= wanted) * power;
    return { min: interval * Math.floor((low - room) / interval + 1e-9), max: interval * Math.ceil((high + room) / interval - 1e-9) || interval, interval };
  };

  // Names beside their spots: each takes the nearest place that covers no spot and no name, with a line to its spot where that is far.
  const named = (spots, xs, ys, plot, style) => {
    const across = style.width - plot.left - plot.right, down = style.height - plot.top - plot.bottom, radius = 8, high = 15;
    const centres = spots.map(p => [plot.left + across * (p.x - xs.min) / (xs.max - xs.min), plot.top + down * (ys.max - p.y) / (ys.max - ys.min)]);
    const taken = centres.map(([x, y]) => [x - radius, y - radius, x + radius, y + radius]);
    const isFree = box => box[0] >= plot.left && box[2] <= style.width - 2 && box[1] >= 2 && box[3] <= plot.top + down - 2
      && taken.every(t => box[2] <= t[0] || box[0] >= t[2] || box[3] <= t[1] || box[1] >= t[3]);
    const order = spots.map((_, i) => i).sort((a, b) => centres[a][1] - centres[b][1]);
    const result = [];
    for (const i of order) {
      const [x, y] = centres[i], wide = textWidth(spots[i].name) + 2;
      let box = null;
      for (let far = 0; far <= 300 && !box; far += 8) {
        for (const [dx, dy] of [[radius + 3, -far], [radius + 3, far], [-radius - 3 - wide, -far], [-radius - 3 - wide, far], [-wide / 2, -far - radius - high / 2 - 2], [-wide / 2, far + radius + high / 2 + 2]]) {
          const tried = [x + dx, y + dy - high / 2, x + dx + wide, y + dy + high / 2];
          if (isFree(tried)) { box = tried; break; }
        }
      }
      box = box || [x + radius + 3, y - high / 2, x + radius + 3 + wide, y + high / 2];
      taken.push(box);
      const end = [Math.min(Math.max(x, box[0]), box[2]), Math.min(Math.max(y, box[1] + 3), box[3] - 3)];
      const back = ([px, py]) => [xs.min + (px - plot.left) / across * (xs.max - xs.min), ys.max - (py - plot.top) / down * (ys.max - ys.min)];
      result.push({ ...spots[i], offset: [box[0] - x + 7, box[1] - y + 7 + 1], leader: Math.hypot(end[0] - x, end[1] - y) > 14 ? [[spots[i].x, spots[i].y], back(end)] : null });
    }
    return result;
  };

  const cost = () => {
    const points = names.map((name, i) => ({ name, cost: ledger[name], clean: at(models[i], 'clean', 'top1'), corrupted: headline(models[i]) }))
      .filter(p => p.cost && isNumber(p.cost.seconds));
    if (!points.length) return;
    const part = section('Accuracy against training cost', 'Each model at the seconds that its own training took; the upper left is best. A model that was only loaded stands at 0.');
    const grid = make('div', { class: 'grid' });
    part.append(grid);
    const scatter = (title, key) => {
      const shown = points.filter(p => isNumber(p[key]));
      if (!shown.length) return;
      figure(grid, title, 'top-1 %, over training seconds', 300 + 12 * Math.max(0, shown.length - 5), style => {
        const spots = shown.map(p => ({ name: p.name, x: p.cost.seconds, y: 100 * p[key] }));
        const plot = { left: 46, right: 16, top: 14, bottom: 46 };
        const xs = scale(0, Math.max(...spots.map(p => p.x)), 0), ys = scale(Math.min(...spots.map(p => p.y)), Math.max(...spots.map(p => p.y)), 0.08);
        const placed = named(spots, xs, ys, plot, style);
        return {
          grid: plot, tooltip: { ...tip(style), trigger: 'item', formatter: p => `${p.seriesName}: ${p.value[1].toFixed(1)} %, ${p.value[0].toFixed(1)} s` },
          xAxis: axis(style, { type: 'value', name: 'seconds', nameLocation: 'middle', nameGap: 28, ...xs, axisLabel: { color: style.soft, hideOverlap: true } }),
          yAxis: axis(style, { type: 'value', ...ys }),
          series: [
            ...placed.filter(p => p.leader).map(p => ({ type: 'line', data: p.leader, symbol: 'none', silent: true, lineStyle: { color: style.soft, width: 1, opacity: 0.6 }, z: 1 })),
            ...placed.map(p => ({
              type: 'scatter', name: p.name, symbolSize: 14, z: 3, data: [[p.x, p.y]], itemStyle: { color: tint(names.indexOf(p.name)), borderColor: style.card, borderWidth: 1 },
              label: { show: true, formatter: p.name, color: style.ink, position: p.offset, align: 'left', verticalAlign: 'top' },
            })),
          ],
        };
      });
    };
    scatter('Corrupted images', 'corrupted');
    scatter('Clean images', 'clean');
    part.append(make('div', { class: 'scroll', style: 'margin-top:14px' }, make('table', { class: 'wrapped' },
      make('thead', {}, make('tr', {}, ...['model', 'seconds', 'images seen', 'steps', 'parameters trained'].map(t => make('th', {}, t)))),
      make('tbody', {}, ...points.map(p => make('tr', {}, make('td', {}, ...breakable(p.name)), make('td', {}, p.cost.seconds.toFixed(1)), make('td', {}, count(p.cost.images)), make('td', {}, count(p.cost.steps)), make('td', {}, count(p.cost.trained_parameters))))))));
  };

  // Of many models the figures beyond the first few are folded away, so that the page stays one to read.
  const unfolded = 4;
  const folded = (parent, total, what) => {
    if (total <= unfolded) return null;
    const grid = make('div', { class: 'grid' });
    const part = make('details', {}, make('summary', {}, `${total - unfolded} more ${what}`), grid);
    part.addEventListener('toggle', () => charts.filter(c => part.contains(c.box) && !c.chart).forEach(draw));
    parent.append(part);
    return grid;
  };

  const heat = () => {
    if (!corruptions.length) return;
    const part = section('Corruption by severity', 'Top-1 in percent of every condition.' + (names.length > 1 ? ` Below: points gained on ${names[0]}.` : ''));
    const ramp = ['#3b0f4f', '#5b2a86', '#3f5f9f', '#2f8f8f', '#63b873', '#d8d95a'];
    const readable = hex => { const v = parseInt(hex.slice(1), 16); return (0.299 * (v >> 16) + 0.587 * (v >> 8 & 255) + 0.114 * (v & 255)) > 130 ? '#111520' : '#ffffff'; };
    const blend = (stops, t) => {
      const place = Math.min(0.999999, Math.max(0, t)) * (stops.length - 1), i = Math.floor(place), f = place - i;
      const part = (hex, shift) => parseInt(hex.slice(1), 16) >> shift & 255;
      return '#' + [16, 8, 0].map(s => Math.round(part(stops[i], s) * (1 - f) + part(stops[i + 1], s) * f).toString(16).padStart(2, '0')).join('');
    };
    const map = (parent, title, detail, value, low, high, stops, show) => figure(parent, title, detail, 56 + 22 * corruptions.length, style => {
      const ramped = stops();
      const cells = corruptions.flatMap((c, y) => severities.map((s, x) => ({ x, y, v: value(c, s) }))).filter(c => isNumber(c.v)).map(c => {
        const fill = blend(ramped, (c.v - low) / (high - low || 1));
        return { value: [c.x, c.y, 100 * c.v], itemStyle: { color: fill }, label: { color: readable(fill) } };
      });
      return {
        grid: { left: 118, right: 4, top: 22, bottom: 6 }, tooltip: { ...tip(style), formatter: p => `${words(corruptions[p.value[1]])}, severity ${severities[p.value[0]]}: ${show(p.value[2] / 100)}` },
        xAxis: axis(style, { type: 'category', data: severities, position: 'top', splitLine: { show: false }, axisLine: { show: false } }),
        yAxis: axis(style, { type: 'category', data: corruptions.map(marked), inverse: true, splitLine: { show: false }, axisLine: { show: false }, axisLabel: { color: style.ink, fontSize: 12 } }),
        series: [{ type: 'heatmap', data: cells, label: { show: true, formatter: p => show(p.value[2] / 100), fontSize: 11 }, itemStyle: { borderWidth: 1, borderColor: style.card } }],
      };
    });
    const all = models.flatMap(m => Object.values(per(m)).flatMap(s => Object.values(s)));
    const low = Math.min(...all), high = Math.max(...all);
    const grid = make('div', { class: names.length % 2 ? 'grid' : 'grid even' });
    part.append(grid);
    const more = folded(part, models.length, 'heat maps');
    models.forEach((m, i) => map(i < unfolded ? grid : more, names[i], `mean ${percent(headline(m))} %`, (c, s) => at(per(m), c, s), low, high, () => ramp, v => percent(v, 0)));
    if (names.length < 2) return;
    const gains = make('div', { class: names.length % 2 ? 'grid even' : 'grid', style: 'margin-top:18px' });
    part.append(gains);
    const moreGains = folded(part, models.length - 1, 'differences');
    const difference = (m, c, s) => at(per(m), c, s) - at(per(models[0]), c, s);
    const most = Math.max(0.01, ...models.slice(1).flatMap(m => corruptions.flatMap(c => severities.map(s => Math.abs(difference(m, c, s))))).filter(isNumber));
    models.slice(1).forEach((m, i) => map(i < unfolded ? gains : moreGains, `${names[i + 1]} − ${names[0]}`, 'points', (c, s) => difference(m, c, s), -most, most,
      () => isDark() ? ['#ff8a5c', '#8a4a30', '#262c3a', '#1f6f63', '#4fd6b8'] : ['#b5400f', '#f0a97f', '#f4f4f4', '#7cc7b5', '#0a7a66'], v => signed(v, 0)));
  };

  const bySeverity = () => {
    if (severities.length < 2) return;
    const part = section('By severity and by family');
    const grid = make('div', { class: 'grid' });
    part.append(grid);
    const levels = ['0', ...severities];
    figure(grid, 'Accuracy as severity rises', 'mean over corruptions; 0 is clean', 260, style => ({
      grid: { left: 40, right: 16, top: 16, bottom: 30 + style.room }, legend: legend(style), tooltip: { ...tip(style), trigger: 'axis', valueFormatter: v => isNumber(v) ? v.toFixed(1) + ' %' : '' },
      xAxis: axis(style, { type: 'category', data: levels, boundaryGap: false }), yAxis: axis(style, { type: 'value', scale: true }),
      series: models.map((m, i) => ({
        type: 'line', name: names[i], ...mark(i),
        data: levels.map(s => 100 * (s === '0' ? at(m, 'clean', 'top1') : at(m, 'corruption', 'severities', s) ?? mean(corruptions.map(c => at(per(m), c, s)).filter(isNumber)))).map(v => isNumber(v) ? v : null),
      })),
    }), names);
    const groups = [...new Set(models.flatMap(m => Object.keys(at(m, 'corruption', 'groups') || {})))];
    if (groups.length) figure(grid, 'Accuracy by family', 'mean over the corruptions and severities of each', 260, style => ({
      grid: { left: 40, right: 16, top: 16, bottom: 30 + style.room }, legend: legend(style), tooltip: { ...tip(style), trigger: 'axis', valueFormatter: v => isNumber(v) ? v.toFixed(1) + ' %' : '' },
      xAxis: axis(style, { type: 'category', data: groups, axisLabel: { color: style.soft, interval: 0 } }), yAxis: axis(style, { type: 'value', max: 100 }),
      series: models.map((m, i) => ({ type: 'bar', name: names[i], barMaxWidth: 26, color: tint(i), itemStyle: { opacity: isRepeated(i) ? 0.55 : 1 }, data: groups.map(g => 100 * at(m, 'corruption', 'groups', g)) })),
    }), names);
  };

  const shifted = () => {
    if (!suites.length) return;
    const part = section('Natural shifts', 'Accuracy on images of other origin. ‘Same classes’ is the clean accuracy among the same classes under the same mask; effective robustness is the accuracy beyond what standard models of that clean accuracy reach.');
    figure(part, 'Top-1 %', null, 270, style => ({
      grid: { left: 40, right: 16, top: 16, bottom: 30 + style.room }, legend: legend(style), tooltip: { ...tip(style), trigger: 'axis', valueFormatter: v => isNumber(v) ? v.toFixed(1) + ' %' : '' },
      xAxis: axis(style, { type: 'category', data: suites, axisLabel: { color: style.soft, interval: 0, formatter: s => style.narrow && suites.length > 3 ? s.replace(/^imagenet-/, '').replace(/^..?$/, short => short.toUpperCase()) : s } }), yAxis: axis(style, { type: 'value' }),
      series: models.map((m, i) => ({ type: 'bar', name: names[i], barMaxWidth: 36, color: tint(i), itemStyle: { opacity: isRepeated(i) ? 0.55 : 1 }, data: suites.map(s => 100 * at(m, 'shifts', s, 'top1')) })),
    }), names);
    const columns = ['suite', 'model', 'top-1', 'top-5', 'unmasked top\u20111', 'same classes, clean', 'effective robustness', 'ECE', 'AURRA', 'images'];
    const rows = suites.flatMap(s => models.map((m, i) => [m.shifts && m.shifts[s], i]).filter(([f]) => f).map(([f, i]) => make('tr', {}, make('td', {}, s), make('td', {}, ...breakable(names[i])), make('td', {}, percent(f.top1)),
      make('td', {}, percent(f.top5)), make('td', {}, percent(f.unmasked_top1)), make('td', {}, percent(f.clean_same_classes_top1)), make('td', {}, signed(f.effective_robustness)), make('td', {}, percent(f.ece)), make('td', {}, percent(f.aurra)), make('td', {}, count(f.images)))));
    part.append(make('div', { class: 'scroll', style: 'margin-top:14px' }, make('table', { class: 'wrapped' }, make('thead', {}, make('tr', {}, ...columns.map(c => make('th', {}, c)))), make('tbody', {}, ...rows))));
  };

  const reliability = () => {
    const places = [['Clean images', m => at(m, 'clean', 'reliability'), m => at(m, 'clean', 'ece')], ['Corrupted images', m => at(m, 'corruption', 'reliability'), m => at(m, 'corruption', 'ece')]]
      .filter(p => models.some(m => Array.isArray(p[1](m))));
    if (!places.length) return;
    const part = section('Reliability', 'Accuracy of the answers given with a certain confidence, in 15 bins; on the diagonal a model knows how much it knows, below it is overconfident. Bins of fewer than 10 images are left out.');
    const grid = make('div', { class: 'grid' });
    part.append(grid);
    for (const [title, bins, ece] of places) {
      figure(grid, title, models.map((m, i) => isNumber(ece(m)) ? `${names[i]} ECE ${percent(ece(m))}` : null).filter(Boolean).join(' · '), 300, style => ({
        grid: { left: 44, right: 18, top: 16, bottom: 46 + style.room }, legend: { ...legend(style), data: names }, tooltip: { ...tip(style), trigger: 'item', formatter: p => p.value[2] === undefined ? '' : `${p.seriesName}: confidence ${p.value[0].toFixed(0)} %, accuracy ${p.value[1].toFixed(1)} %, ${count(p.value[2])} images` },
        xAxis: axis(style, { type: 'value', min: 0, max: 100, name: 'confidence %', nameLocation: 'middle', nameGap: 26 }), yAxis: axis(style, { type: 'value', min: 0, max: 100 }),
        series: [
          { type: 'line', name: 'perfect', data: [[0, 0], [100, 100]], symbol: 'none', silent: true, color: style.soft, lineStyle: { type: 'dashed', width: 1.5, color: style.soft } },
          ...models.map((m, i) => ({ type: 'line', name: names[i], ...mark(i), data: (bins(m) || []).filter(b => b[0] >= 10).map(b => [100 * b[2], 100 * b[1], b[0]]) })),
        ],
      }), names);
    }
  };

  const heads = () => {
    const headed = names.filter((n, i) => models[i].heads);
    if (!headed.length) return;
    const part = section('Which head answers', 'A three-headed model chooses for each image: the clean head, the unclean one, or the combined one.');
    for (const name of headed) {
      const own = results.models[name].heads, rows = Object.keys(own.per || {});
      const share = (row, head) => mean(Object.values(own.per[row]).map(s => s[head]).filter(isNumber));
      const labels = ['all conditions', ...rows.map(words)];
      figure(part, name, 'share of answers, mean over severities, %', 70 + 22 * labels.length, style => ({
        grid: { left: 118, right: 14, top: 8, bottom: 46 }, legend: legend(style), tooltip: { ...tip(style), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: v => v.toFixed(1) + ' %' },
        xAxis: axis(style, { type: 'value', max: 100 }), yAxis: axis(style, { type: 'category', data: labels, inverse: true, axisLabel: { color: style.ink } }),
        series: ['clean', 'unclean', 'combined'].map(head => ({ type: 'bar', stack: 'heads', name: head, barWidth: '68%', data: [100 * own[head], ...rows.map(r => 100 * share(r, head))] })),
      }));
      const selectors = results.models[name].selectors;
      if (selectors) part.append(make('div', { class: 'scroll', style: 'margin-top:14px' }, make('table', {},
        make('thead', {}, make('tr', {}, ...['way to choose', 'clean', 'mean corruption'].map(t => make('th', {}, t)))),
        make('tbody', {}, ...Object.entries(selectors).map(([s, v]) => make('tr', {}, make('td', {}, s), make('td', {}, percent(v.clean_top1)), make('td', {}, percent(v.corruption_mean_top1))))))));
    }
  };

  const pictures = () => {
    if (!samples.length) return;
    const part = section('What the models saw', 'A few images under every condition, with each model’s answer and its confidence.');
    const grid = make('div', { class: 'samples' });
    part.append(grid);
    const isListed = names.length > 3 || names.some(n => n.length > 12); // no room for names under a picture
    const groups = new Map();
    for (const s of samples) {
      const key = s.corruption ? `${words(s.corruption)}, severity ${s.severity}` : s.suite;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(s);
    }
    for (const [title, items] of groups) {
      const cells = items.map(s => make('div', { class: 'shown' },
        make('img', { src: s.image, alt: `${s.label}, ${title}`, loading: 'lazy', class: s.width <= 96 ? 'small' : '' }),
        make('div', {}, make('p', { class: 'truth' }, s.label),
        ...Object.entries(s.answers).map(([model, a]) => make('p', { class: 'answer ' + (a.correct ? 'right' : 'wrong') }, make('b', {}, (a.correct ? '✓ ' : '✗ ') + model), ` ${a.correct ? '' : a.class + ' '}${Math.round(100 * a.confidence)}\u00a0%${a.head ? `, ${a.head} head` : ''}`)))));
      grid.append(make('div', { class: isListed ? 'strip list' : 'strip' }, make('h3', {}, title), make('div', { class: 'pictures' }, ...cells)));
    }
  };

  // Every option with its resolved value, as a shell takes it.
  const command = () => {
    const quoted = value => /^[\w.,:=@%+/-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`;
    const given = Object.entries(run.options || {}).filter(([, value]) => value !== null && value !== false && value !== '');
    return ['robustify', run.verb, ...given.flatMap(([key, value]) => value === true ? [`--${key}`]
      : (Array.isArray(value) ? value : [value]).flatMap(v => [`--${key}`, quoted(String(v))]))].join(' ');
  };

  const method = () => {
    const part = section('How it was measured');
    const row = (name, value) => make('tr', {}, make('td', {}, name), make('td', {}, value));
    const rows = [];
    const protocol = results.protocol || {}, { command: told, ...rest } = protocol;
    for (const [key, value] of Object.entries(rest)) rows.push(row(key, value));
    for (const [name, s] of Object.entries(results.suites || {})) {
      rows.push(row(`suite ${name}`, `${s.source}; ${count(s.images)} of ${count(s.of)} images; ${s.preprocessing}; ${s.classes}`));
      if (s.unreadable_count) rows.push(row(`unreadable in ${name}`, `${count(s.unreadable_count)}, in no figure: ${s.unreadable.join('; ')}`));
      const others = s.passed_over || [], more = (s.passed_over_count || others.length) - 8;
      if (others.length) rows.push(row(`left out of ${name}`, others.slice(0, 8).join(', ') + (more > 0 ? ` and ${count(more)} more` : '')));
    }
    if (told || run.verb) rows.push(row('command', make('code', {}, told || command())));
    for (const key of ['verb', 'version', 'seed', 'device', 'workers', 'status']) if (run[key] !== undefined && protocol[key] === undefined) rows.push(row(key, String(run[key])));
    part.append(make('table', { class: 'facts' }, make('tbody', {}, ...rows)));
  };

  headlineTable(); cost(); heat(); bySeverity(); shifted(); pictures(); reliability(); heads(); method();
  document.getElementById('footer').textContent = `Made by robustify ${run.version || ''}. Figures: Apache ECharts ${echarts.version}, Apache License 2.0.`;
  const redraw = () => charts.forEach(draw);
  redraw();
  system.addEventListener('change', redraw);
  document.getElementById('theme').addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; redraw(); });
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
  root.dataset.figures = String(charts.length);
})();
