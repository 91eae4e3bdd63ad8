"use strict";
// Everything that models wrote enters the page as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "style") Object.assign(node.style, value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const percent = (value) => value === null || value === undefined ? "–" : data.percent ? (100 * value).toFixed(0) : Number(value.toPrecision(3)).toString();
const dollars = (value) => value === null || value === undefined ? "–" : value >= 0.1 ? `$${value.toFixed(2)}` : `$${value.toFixed(4)}`;
function tokens(value) {
  for (const [limit, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (value >= limit) return (value / limit).toFixed(1) + unit;
  return String(value);
}
const many = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const kind = (passed) => passed === true ? "good" : passed === false ? "bad" : "none";
const mark = (passed) => passed === true ? "✓" : passed === false ? "✗" : "·";
const said = (passed) => passed === true ? "passes" : passed === false ? "fails" : "not graded";

// --- figures

const dark = matchMedia("(prefers-color-scheme: dark)");
const quiet = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], displayModeBar: "hover" };

function themed(layout) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = (given) => ({ ...given, gridcolor: color("--grid"), linecolor: color("--line"), zerolinecolor: color("--line"), tickcolor: color("--line"), tickfont: { color: color("--soft") } });
  return {
    ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("--text") },
    xaxis: axis(layout.xaxis || {}), yaxis: axis(layout.yaxis || {}),
    hoverlabel: { bgcolor: color("--card"), bordercolor: color("--line"), font: { color: color("--text") } },
  };
}

function draw(figure, place) {
  const plot = el("div", { class: "plot", role: "group", "aria-label": `${figure.title}. ${figure.text}` });
  place.append(el("section", { class: "card", id: `figure-${figure.id}` }, el("h3", {}, figure.title), el("p", {}, figure.text), plot));
  Plotly.newPlot(plot, figure.plot.data, themed(figure.plot.layout), quiet);
}

function drawAll() {
  for (const [place, run] of [["figures-all", null], ["figures-run", Number(byId("figure-run").value)]]) {
    const box = byId(place);
    box.querySelectorAll(".plot").forEach((plot) => Plotly.purge(plot));
    box.replaceChildren();
    data.figures.filter((figure) => figure.run === run).forEach((figure) => draw(figure, box));
  }
}

function runName(run) {
  const several = (name) => new Set(data.runs.map((each) => each[name])).size > 1;
  return [run.label, several("model") ? run.model : "", several("task") ? run.task : ""].filter(Boolean).join(" · ");
}

// --- the list of problems

const columns = [
  ["problem", "problem", (row) => row.problem],
  ["run", "run", (row) => runName(data.runs[row.run])],
  ["selected", "selected", (row) => row.selected, true],
  ["pass_1", "pass@1", (row) => row.pass_1],
  ["refined", "refined", (row) => row.refined],
  ["oracle", "oracle", (row) => row.oracle],
  ["votes", "votes", (row) => row.votes],
  ["tokens", "tokens", (row) => row.tokens],
  ["dollars", "cost", (row) => row.dollars],
];
const PAGE = 100;
const list = { sort: "problem", down: false, limit: PAGE };

const kinds = {
  all: () => true,
  missed: (row) => row.oracle !== null && row.selected !== null && row.selected < row.oracle,
  won: (row) => row.pass_1 !== null && row.selected > row.pass_1,
  lost: (row) => row.pass_1 !== null && row.selected !== null && row.selected < row.pass_1,
  never: (row) => row.oracle === 0,
};

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
  return list.down ? -order : order;
}

function chosen() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const run = byId("problem-run").value, test = kinds[byId("problem-kind").value];
  const value = columns.find(([id]) => id === list.sort)[2];
  return data.problems
    .filter((row) => (run === "" || row.run === Number(run)) && test(row) && words.every((word) => row.problem.toLowerCase().includes(word)))
    .sort((a, b) => compare(value(a), value(b)) || a.problem.localeCompare(b.problem) || a.run - b.run || a.epoch - b.epoch);
}

function cell([id, , value], row) {
  const found = value(row);
  if (id === "problem") {
    const name = row.epoch > 1 ? `${row.problem} (epoch ${row.epoch})` : row.problem;
    const opens = () => el("button", { type: "button", class: "open", "aria-expanded": "false", on: { click: (event) => toggle(event.currentTarget, row) } }, name);
    return el("td", { class: "words" }, row.detail === undefined ? name : opens(), el("a", { class: "anchor", href: linkTo(row), "aria-label": `Link to ${name}` }, "#"));
  }
  if (id === "run") return el("td", { class: "words" }, found);
  if (id === "selected") return el("td", {}, found === null ? "–" : el("span", { class: `pill ${data.percent ? kind(found >= 1) : "none"}` }, percent(found)));
  if (id === "tokens") return el("td", {}, tokens(found));
  if (id === "dollars") return el("td", {}, dollars(found));
  return el("td", {}, id === "votes" ? String(found) : percent(found));
}

function showList() {
  const rows = chosen();
  const shown = data.runs.length > 1 ? columns : columns.filter(([id]) => id !== "run");
  byId("list").tHead.rows[0].replaceChildren(...shown.map(([id, name]) => el(
    "th", { scope: "col", class: id === "problem" || id === "run" ? "words" : null, "aria-sort": list.sort === id ? (list.down ? "descending" : "ascending") : null },
    el("button", { type: "button", "data-sort": id, on: { click: () => sortBy(id) } }, name))));
  byId("list").tBodies[0].replaceChildren(...rows.slice(0, list.limit).map((row) => el("tr", { class: "row", "data-link": linkTo(row) }, ...shown.map((column) => cell(column, row)))));
  byId("count").textContent = `${rows.length} of ${data.problems.length} shown` + (rows.length > list.limit ? `, the first ${list.limit} here` : "");
  byId("more").hidden = rows.length <= list.limit;
}

function sortBy(id) {
  list.down = list.sort === id ? !list.down : !["problem", "run"].includes(id);
  list.sort = id;
  showList();
  document.querySelector(`#list [data-sort="${id}"]`).focus();
}

// --- links to problems, matches and rollouts

function linkTo(row, part = {}) {
  const run = data.runs.length > 1 ? { run: runName(data.runs[row.run]) } : {};
  return `#${new URLSearchParams({ problem: row.problem, ...run, ...(row.epoch > 1 ? { epoch: row.epoch } : {}), ...part })}`;
}

async function openLinked() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const parts = ["match", "rollout"].map((name) => wanted.get(name));
  ["match", "rollout"].forEach((name) => wanted.delete(name));
  const row = data.problems.find((each) => linkTo(each) === `#${wanted}`);
  if (!row) return;
  const find = () => [...byId("list").tBodies[0].rows].find((line) => line.dataset.link === linkTo(row));
  if (!find()) {
    for (const [id, all] of [["search", ""], ["problem-run", ""], ["problem-kind", "all"]]) byId(id).value = all;
    list.limit = Math.max(list.limit, chosen().indexOf(row) + 1);
    showList();
  }
  const line = find(), button = line.querySelector(".open");
  if (button && button.getAttribute("aria-expanded") === "false") await toggle(button, row);
  line.scrollIntoView();
  const problem = button && parts.some(Boolean) ? await unpack(row.detail) : null;
  const matches = problem ? problem.selections.flatMap((selection) => selection.rounds.flat()) : [];
  const match = matches.find((each) => each.id === parts[0]), rollout = problem?.byId[parts[1]];
  if (match) openMatch(problem, match, row);
  else if (rollout) openRollout(problem, rollout, row);
  else byId("match").close();
}

// --- one problem

const cache = new Map();

async function unpack(index) {
  if (cache.has(index)) return cache.get(index);
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot unpack the details; use a newer one");
  const packed = Uint8Array.from(atob(byId(`d${index}`).textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const found = JSON.parse(await new Response(stream).text());
  found.byId = Object.fromEntries(found.rollouts.map((rollout) => [rollout.id, rollout]));
  cache.set(index, found);
  return found;
}

async function toggle(button, row) {
  const line = button.closest("tr");
  if (button.getAttribute("aria-expanded") === "true") {
    line.nextElementSibling.remove();
    button.setAttribute("aria-expanded", "false");
    return;
  }
  button.setAttribute("aria-expanded", "true");
  const inner = el("div", { class: "inner" }, "…");
  line.after(el("tr", { class: "view" }, el("td", { colspan: line.cells.length }, inner)));
  try {
    inner.replaceChildren(...problemView(await unpack(row.detail), row));
  } catch (error) {
    inner.replaceChildren(`The details could not be shown: ${error.message}`);
  }
}

/** The viewer knows rollouts and matches by their ids, which are those of their spans. */
function viewerLink(row, text, span) {
  const place = span ? `transcript?event=${encodeURIComponent(span)}` : "";
  return el("a", { href: `${data.viewer}/#/logs/${row.href}${place}`, target: "_blank", rel: "noopener" }, text);
}

function problemView(problem, row) {
  const iterations = [...new Set(problem.rollouts.map((rollout) => rollout.iteration))].sort();
  const parts = [el("p", { class: "caption", style: { margin: "0 0 6px" } }, viewerLink(row, "Open in Inspect's viewer"), ` (while inspect view runs)`)];
  parts.push(el("details", {}, el("summary", {}, "The problem"), el("div", { class: "text card" }, ...prose(problem.input))));
  for (const iteration of iterations) {
    const members = problem.rollouts.filter((rollout) => rollout.iteration === iteration);
    const passing = members.filter((rollout) => rollout.passed).length;
    const graded = members.every((rollout) => rollout.passed !== null);
    const context = [...new Set(members.flatMap((rollout) => rollout.context))];
    parts.push(el("h3", {}, `Iteration ${iteration}`, el("span", { class: "none" }, graded ? ` · ${passing} of ${members.length} pass` : ` · ${many(members.length, "rollout")}`)));
    if (context.length) parts.push(el("p", { class: "legend" }, `starts from the summaries of ${context.length <= 8 ? context.join(", ") : many(context.length, "rollout")}`));
    parts.push(el("div", { class: "chips" }, ...members.map((rollout) => chip(problem, rollout, row))));
    for (const selection of problem.selections.filter((each) => each.iteration === iteration)) parts.push(...selectionView(problem, selection, row));
  }
  return parts;
}

function chip(problem, rollout, row) {
  const adopted = rollout.id === problem.adopted;
  const label = `${rollout.id}, ${said(rollout.passed)}${adopted ? ", adopted" : ""}`;
  return el("button", { type: "button", class: `chip ${kind(rollout.passed)}${adopted ? " adopted" : ""}`, "aria-label": label, title: label,
    on: { click: () => openRollout(problem, rollout, row) } }, `${mark(rollout.passed)} ${rollout.id}${adopted ? " ★" : ""}`);
}

function selectionView(problem, selection, row) {
  const chose = selection.selected.join(", ");
  const title = `${selection.kind} ${selection.id}: ${selection.population.length} → ${selection.selected.length}`;
  if (!selection.rounds.length) return [el("h4", {}, title), el("p", { class: "legend" }, `chose ${chose}`)];
  const asTree = selection.kind === "tournament";
  return [
    el("h4", {}, title),
    asTree ? bracket(problem, selection, row) : rounds(problem, selection, row),
    el("p", { class: "legend" }, `chose ${chose}. Numbers are votes; a match opens its summaries and votes.`),
  ];
}

// --- the bracket

const BOX = 154, GAP = 46, SIDE = 25, SPACE = 14, TOP = 46;

/** Place matches so that who won the earlier match stands beside the later one. */
function layout(selection) {
  const levels = selection.rounds;
  const from = levels.map((matches, level) => matches.map((match) => match.group.map((id) => level ? levels[level - 1].findIndex((m) => m.winner === id) : -1)));
  const places = levels.map((matches) => new Array(matches.length).fill(null));
  let next = TOP;
  const height = (match) => match.group.length * SIDE + match.group.length - 1 + 2;
  const visit = (level, index) => {
    if (index < 0 || places[level][index] !== null) return;
    const match = levels[level][index];
    const before = from[level][index].filter((each) => each >= 0);
    before.forEach((each) => visit(level - 1, each));
    const middles = before.map((each) => places[level - 1][each] + height(levels[level - 1][each]) / 2);
    if (middles.length) {
      places[level][index] = (Math.min(...middles) + Math.max(...middles)) / 2 - height(match) / 2;
    } else {
      places[level][index] = next;
      next += height(match) + SPACE;
    }
  };
  for (let level = levels.length - 1; level >= 0; level--) levels[level].forEach((_, index) => visit(level, index));
  return { places, from, height, bottom: next };
}

function bracket(problem, selection, row) {
  const { places, from, height, bottom } = layout(selection);
  const left = (level) => 14 + level * (BOX + GAP);
  const levels = selection.rounds.length;
  const width = left(levels) + 118, total = bottom + 10;
  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  lines.setAttribute("width", width); lines.setAttribute("height", total); lines.setAttribute("aria-hidden", "true");
  const line = (x1, y1, x2, y2, way) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const middle = (x1 + x2) / 2;
    path.setAttribute("d", `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`);
    if (way) path.setAttribute("class", "way");
    lines.append(path);
  };
  const names = el("div", { class: "round-names", style: { width: `${width}px` } });
  const plane = el("div", { class: "plane", style: { width: `${width}px`, height: `${total}px` } }, lines);
  selection.rounds.forEach((matches, level) => {
    names.append(el("div", { class: "round-name", style: { left: `${left(level)}px` } }, `Round ${level + 1}`));
    matches.forEach((match, index) => {
      const top = places[level][index];
      from[level][index].forEach((before, side) => {
        if (before < 0) return;
        const start = places[level - 1][before] + height(selection.rounds[level - 1][before]) / 2;
        line(left(level - 1) + BOX, start, left(level), top + side * (SIDE + 1) + SIDE / 2, selection.selected.includes(match.group[side]));
      });
      plane.append(matchBox(problem, match, row, { left: `${left(level)}px`, top: `${top}px`, width: `${BOX}px` }));
      if (level === levels - 1) {
        const middle = top + height(match) / 2, winner = problem.byId[match.winner];
        line(left(level) + BOX, middle, left(levels), middle, true);
        plane.append(el("div", { class: `out ${kind(winner.passed)}`, style: { left: `${left(levels)}px`, top: `${middle - 14}px` } }, `${mark(winner.passed)} ${winner.id}`));
      }
    });
  });
  names.append(el("div", { class: "round-name", style: { left: `${left(levels)}px` } }, "Selected"));
  return el("div", { class: "bracket", tabindex: "0", role: "group", "aria-label": `Bracket of ${selection.kind} ${selection.id}` }, names, plane);
}

function matchBox(problem, match, row, style = {}) {
  const told = match.group.map((id) => `${id} (${said(problem.byId[id].passed)}) ${many(match.tally[id] || 0, "vote")}`).join(" against ");
  return el("button", { type: "button", class: "match", style, "data-match": match.id, title: match.group.length > 1 ? `${match.id}: ${told}; ${match.winner} wins by ${match.by}` : `${match.id}: ${match.group[0]}, ${match.by}`,
    on: { click: () => openMatch(problem, match, row) } },
    ...match.group.map((id) => {
      const passed = problem.byId[id].passed;
      const count = match.by === "bye" ? "bye" : match.by === "grade" ? (match.grade === null ? "–" : match.grade.toFixed(1)) : String(match.tally[id] || 0);
      const tie = id === match.winner && (match.by === "random" || match.by === "evidence") ? ` ${match.by}` : "";
      return el("span", { class: `side ${id === match.winner ? "won" : "lost"}` }, el("span", { class: kind(passed) }, mark(passed)), el("b", {}, id), el("span", {}, count + tie));
    }));
}

function rounds(problem, selection, row) {
  return el("div", { class: "card" }, ...selection.rounds.flatMap((matches, number) => [
    el("h4", {}, `Round ${number + 1}`),
    el("div", { class: "chips" }, ...matches.map((match) => matchBox(problem, match, row, { position: "static", width: `${BOX}px` }))),
  ]));
}

// --- one match: summaries side by side, patches, facts, votes

function openDialog(title, parts, link) {
  byId("match-title").textContent = title;
  byId("match-link").setAttribute("href", link);
  history.replaceState(null, "", link);
  byId("match-body").replaceChildren(...parts);
  const dialog = byId("match");
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function openRollout(problem, rollout, row) {
  openDialog(rollout.id, [el("div", { class: "sides" }, rolloutView(rollout, rollout.id === problem.adopted, row))], linkTo(row, { rollout: rollout.id }));
}

function openMatch(problem, match, row) {
  const sides = match.group.map((id) => rolloutView(problem.byId[id], id === problem.adopted, row, match));
  const parts = [el("div", { class: "sides" }, ...sides)];
  if (match.votes.length) parts.unshift(el("p", { class: "caption", style: { margin: "0 0 10px" } }, viewerLink(row, `${match.id} in Inspect's viewer`, match.id)));
  if (match.votes.length) parts.push(el("h3", { style: { marginTop: "18px" } }, `Votes${match.skipped_votes ? ` (${match.skipped_votes} more could not have changed the winner)` : ""}`), votesView(match));
  if (match.looked) parts.push(el("h3", { style: { marginTop: "18px" } }, "Investigation"), ...lookedView(match.looked));
  const how = { votes: "by votes", random: "by a random draw among equal votes", evidence: "by evidence among equal votes", investigation: "by an investigation", bye: "without a match", grade: "graded alone" }[match.by];
  openDialog(`${match.group.join(" against ")}: ${match.winner} ${match.by === "grade" ? how : `goes on, ${how}`}`, parts, linkTo(row, { match: match.id }));
}

function lookedView(looked) {
  const said = looked.verdict || `no verdict (${looked.ended}): ${looked.reason}`;
  return [
    el("p", {}, `${said}, after ${many(looked.turns, "turn")}`),
    ...(looked.commands.length ? [el("details", {}, el("summary", {}, many(looked.commands.length, "command")), el("pre", {}, looked.commands.map(([command, code]) => `[${code}] ${command}`).join("\n")))] : []),
    ...(looked.text ? [el("div", { class: "text" }, ...prose(looked.text))] : []),
  ];
}

function votesView(match) {
  const several = match.votes.some((vote) => vote.judge);
  const line = (vote) => el("tr", {},
    el("td", { class: "words" }, vote.order.join(", ")),
    ...(several ? [el("td", { class: "words" }, vote.judge)] : []),
    el("td", { class: "words" }, vote.verdict || (vote.grade !== null ? String(vote.grade) : `abstains: ${vote.abstention}`)),
    el("td", {}, vote.text ? el("details", {}, el("summary", {}, vote.text.replace(/\s+/g, " ").slice(0, 90) + (vote.text.length > 90 ? "…" : "")), el("div", { class: "text" }, ...prose(vote.text))) : "–"));
  return el("div", { class: "scroll" }, el("table", { class: "votes" },
    el("thead", {}, el("tr", {}, el("th", { class: "words", scope: "col" }, "shown as 1, 2, …"), ...(several ? [el("th", { class: "words", scope: "col" }, "judge")] : []), el("th", { class: "words", scope: "col" }, "verdict"), el("th", { class: "words", scope: "col" }, "reasons"))),
    el("tbody", {}, ...match.votes.map(line))));
}

function rolloutView(rollout, adopted, row, match) {
  const facts = [
    ["score", rollout.score === null ? (rollout.unscored ? `grading failed: ${rollout.unscored}` : "not graded") : String(rollout.score)],
    ["ended", rollout.reason ? `${rollout.status}: ${rollout.reason}` : rollout.status],
    ["spent", `${many(rollout.turns, "turn")}, ${tokens(rollout.tokens)} tokens, ${dollars(rollout.cost)}, ${rollout.seconds} s`],
    rollout.context.length ? ["context", rollout.context.join(", ")] : null,
    rollout.files ? ["files", ...rollout.files.flatMap(([path, added, deleted], index) => [index ? ", " : "", el("code", {}, path), ` (${added === null ? "binary" : `+${added} -${deleted}`})`]), rollout.files.length ? "" : "none changed"] : null,
    rollout.fingerprint ? ["fingerprint", el("code", {}, rollout.fingerprint.slice(0, 22))] : null,
    rollout.injections.length ? ["injections", rollout.injections.join(" | ")] : null,
  ].filter(Boolean);
  const votes = match && match.tally[rollout.id] !== undefined ? el("span", { class: "none" }, many(match.tally[rollout.id], "vote")) : null;
  return el("article", { class: match && match.winner === rollout.id ? "won" : "" },
    el("h3", {}, el("span", { class: `pill ${kind(rollout.passed)}` }, `${mark(rollout.passed)} ${said(rollout.passed)}`), rollout.id, adopted ? el("span", {}, "★ adopted") : null, votes),
    el("dl", { class: "facts" }, ...facts.flatMap(([name, ...value]) => [el("dt", {}, name), el("dd", {}, ...value)])),
    el("h4", {}, `Summary${rollout.summary_status === "structured" ? "" : ` (${rollout.summary_status})`}`), ...summaryView(rollout.summary),
    rollout.patch ? el("h4", {}, "Patch") : null, rollout.patch ? diffView(rollout.patch) : null,
    rollout.commands.length ? el("h4", {}, "Last commands") : null,
    ...rollout.commands.map(([command, code]) => el("pre", { tabindex: "0" }, el("span", { class: code === 0 ? "good" : "bad" }, `return code ${code === null ? "unknown" : code}`), command)),
    el("p", { class: "caption" }, viewerLink(row, `${rollout.id} in Inspect's viewer`, rollout.id)));
}

function diffView(patch) {
  const look = (text) => text.startsWith("+++") || text.startsWith("---") || text.startsWith("diff ") ? "none" : text.startsWith("+") ? "plus" : text.startsWith("-") ? "minus" : text.startsWith("@@") ? "hunk" : "";
  return el("pre", { class: "diff", tabindex: "0" }, ...patch.split("\n").map((text) => el("span", { class: look(text) }, text || " ")));
}

function summaryView(text) {
  let content = null;
  try { content = JSON.parse(text); } catch { /* free text, or cut */ }
  if (content === null || typeof content !== "object" || Array.isArray(content)) return [el("div", { class: "text" }, ...prose(text || "(empty)"))];
  return Object.entries(content).map(([name, value]) => el("div", { class: "field" }, el("strong", {}, name.replaceAll("_", " ")), valueView(value, CODE.has(name))));
}

const CODE = new Set(["file", "before", "after", "command", "response", "commands_without_response"]);

function valueView(value, code = false) {
  if (Array.isArray(value)) return el("ul", {}, ...value.map((each) => el("li", {}, valueView(each, code))));
  if (value !== null && typeof value === "object") {
    return el("span", {}, ...Object.entries(value).flatMap(([name, each], index) => [index ? " · " : "", el("strong", {}, `${name.replaceAll("_", " ")} `), valueView(each, CODE.has(name))]));
  }
  if (code && value) return String(value).includes("\n") ? el("pre", { tabindex: "0" }, String(value)) : el("code", {}, String(value));
  return el("span", { class: "text" }, ...prose(String(value)));
}

/** What stands in Markdown's fences or backticks, as code. */
function prose(text) {
  return text.split(/(```[^\n`]*\n[^]*?(?:\n```|$)|`[^`\n]+`)/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/^\n/, index ? "" : "\n");
    return part.startsWith("```") ? el("pre", { tabindex: "0" }, part.replace(/^.*\n|\n?```$/g, "")) : el("code", {}, part.slice(1, -1));
  });
}

// --- start

function start() {
  const options = () => data.runs.map((run, index) => el("option", { value: index }, runName(run)));
  byId("figure-run").append(...options());
  byId("problem-run").append(el("option", { value: "" }, "all runs"), ...options());
  const richest = data.runs.map((_, index) => data.figures.filter((figure) => figure.run === index).length);
  byId("figure-run").value = String(richest.indexOf(Math.max(...richest)));
  byId("figure-run").addEventListener("change", drawAll);
  for (const id of ["search", "problem-run", "problem-kind"]) byId(id).addEventListener("input", () => { list.limit = PAGE; showList(); });
  byId("more").addEventListener("click", () => { list.limit += 5 * PAGE; showList(); });
  byId("close").addEventListener("click", () => byId("match").close());
  byId("match").addEventListener("click", (event) => { if (event.target === byId("match")) byId("match").close(); });
  byId("match").addEventListener("close", () => history.replaceState(null, "", location.hash.replace(/&(match|rollout)=[^&]*/, "")));
  window.addEventListener("hashchange", openLinked);
  dark.addEventListener("change", drawAll);
  document.querySelectorAll(".pick")[0].hidden = data.runs.length < 2;
  showList();
  drawAll();
  openLinked();
  document.documentElement.dataset.ready = "true";
}

start();
