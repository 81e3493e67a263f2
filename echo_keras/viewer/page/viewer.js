// The page: opens a file, follows its segmentation, plays it and tells what was found.

import * as curve from "/curve.js";
import * as stage from "/stage.js";

const POLL = 200, SERVER_POLL = 5000, SERVER_PATIENCE = 4000;
const LARGEST_FILE = 512 * 2 ** 20; // as in server.py
const STILL_RATE = 20, DOUBT = 0.8;
const page = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const dash = "–";

let study = null; // the open file: facts, images, found, phases, summary
let lastFile = null;
let now = 0;
let playing = false;
let drawn = 0;

async function open(file) {
  if (file.size > LARGEST_FILE) return fault(`The file ${file.name} is larger than 512 MB; cut it`);
  lastFile = file;
  fault(null);
  let mine = (study = {});
  document.body.dataset.state = "loading";
  delete document.body.dataset.still;
  page("file").textContent = file.name;
  pause();
  show();
  work(`Reading ${file.name}`);
  try {
    const where = `/api/studies?name=${encodeURIComponent(file.name)}`;
    const facts = await ask(where, { method: "POST", body: file });
    if (study !== mine) return;
    mine = begin(facts);
    await Promise.all([loadImages(mine), follow(mine)]);
  } catch (mistake) {
    if (study !== mine) return;
    fault(mistake.message);
    if (!mine.frames) close();
  }
}

function begin(facts) {
  study = { ...facts, images: [], found: [], phases: new Map(), summary: null };
  now = 0;
  document.body.toggleAttribute("data-still", facts.frames === 1);
  document.body.toggleAttribute("data-metric", facts.area_unit === "cm^2");
  document.body.dataset.state = "open";
  page("scrub").max = facts.frames - 1;
  work(`Outlining 0 of ${facts.frames}`, 0);
  show();
  return study;
}

function close() {
  study = null;
  work(null);
  page("file").textContent = "";
  document.body.dataset.state = "empty";
}

async function loadImages(mine) {
  let next = 0;
  async function load() {
    while (next < mine.frames && study === mine) {
      const number = next++;
      const image = new Image();
      image.src = `/api/studies/${mine.id}/frames/${number}.png`;
      await image.decode();
      mine.images[number] = image;
      if (study === mine && number === now) show();
    }
  }
  await Promise.all(Array.from({ length: 6 }, load));
}

async function follow(mine) {
  while (study === mine) {
    const news = await ask(`/api/studies/${mine.id}?from=${mine.found.length}`);
    if (study !== mine) return;
    mine.found.push(...news.frames);
    if (news.error) {
      work(null);
      throw new Error(news.error);
    }
    if (news.summary) return finish(mine, news.summary);
    const done = mine.found.length;
    work(`Outlining ${done} of ${mine.frames}`, done / mine.frames);
    show();
    await new Promise((wake) => setTimeout(wake, POLL));
  }
}

function finish(mine, summary) {
  mine.summary = summary;
  for (const beat of summary.beats) {
    mine.phases.set(beat.ES.frame, "ES");
    mine.phases.set(beat.ED.frame, "ED");
  }
  work(null);
  document.body.dataset.state = "done";
  show();
  if (mine.frames > 1 && !calm) play();
}

async function ask(where, options) {
  let response;
  try {
    response = await fetch(where, options);
  } catch {
    throw new Error("The viewer itself no longer answers; start echo-keras view again.");
  }
  const document = await response.json();
  if (!response.ok) throw new Error(document.error);
  return document;
}

function fault(sentence) {
  page("fault").hidden = !sentence;
  if (!sentence) return;
  page("fault").firstElementChild.textContent = sentence[0].toUpperCase() + sentence.slice(1);
  work(null);
}

function work(sentence, share) {
  const line = page("work");
  line.hidden = !sentence;
  line.lastElementChild.textContent = sentence ?? "";
  if (share === undefined) line.firstElementChild.removeAttribute("value");
  else line.firstElementChild.value = share;
}

async function watchServer() {
  let state = "gone", told = "the viewer no longer answers";
  try {
    const signal = AbortSignal.timeout(SERVER_PATIENCE);
    const { url, error } = await ask("/api/server", { signal });
    state = error ? "gone" : "well";
    told = error ? "model server gone" : url.replace(/^https?:\/\//, "");
    page("server").title = error ?? url;
  } catch (mistake) {
    page("server").title = mistake.message;
  }
  page("server").dataset.state = state;
  page("server").lastElementChild.textContent = told;
  setTimeout(watchServer, SERVER_POLL);
}

function play() {
  if (!study?.frames || study.frames < 2) return;
  playing = true;
  page("play").setAttribute("aria-pressed", "true");
  page("play").setAttribute("aria-label", "Pause");
  drawn = performance.now();
  requestAnimationFrame(tick);
}

function pause() {
  playing = false;
  page("play").setAttribute("aria-pressed", "false");
  page("play").setAttribute("aria-label", "Play");
}

function tick(time) {
  if (!playing || !study?.frames) return;
  const each = 1000 / ((study.rate || STILL_RATE) * Number(page("speed").value));
  const steps = Math.floor((time - drawn) / each);
  if (steps > 0) {
    drawn += steps * each;
    now = (now + steps) % study.frames;
    show();
  }
  requestAnimationFrame(tick);
}

function seek(number) {
  if (!study?.frames) return;
  pause();
  now = Math.min(Math.max(number, 0), study.frames - 1);
  show();
}

// The phase of the beat that the current frame lies in, or else the first one.
function seekPhase(phase) {
  const beats = study?.summary?.beats ?? [];
  const passed = beats.filter((beat) => Math.min(beat.ED.frame, beat.ES.frame) <= now);
  const beat = passed.at(-1) ?? beats[0];
  if (beat) seek(beat[phase].frame);
}

function show() {
  if (!study?.frames) return stage.draw(page("stage"), null);
  const found = study.found[now];
  const outlines = page("outline").checked ? found?.outlines : null;
  stage.draw(page("stage"), study.images[now], outlines);
  if (study.frames > 1) curve.draw(page("curve"), study, now);
  const phase = study.phases.get(now);
  page("phase").hidden = !phase;
  page("phase").dataset.phase = page("phase").textContent = phase ?? "";
  const time = study.rate ? `, ${(now / study.rate).toFixed(2)} s` : "";
  page("scrub").value = now;
  page("where").textContent = `frame ${now} / ${study.frames - 1}${time}`;
  page("scrub").setAttribute("aria-valuetext", page("where").textContent);
  const outlined = found ? `, outlined, area ${area(found.area)}` : "";
  page("stage").setAttribute("aria-label", `Frame ${now} of ${study.name}${outlined}`);
  tell(found);
}

function tell(found) {
  const { summary } = study;
  page("area").textContent = found ? area(found.area) : dash;
  const [least] = found ? area(found.low).split(" ") : [];
  page("band").textContent = found ? `${least} to ${area(found.high)}` : dash;
  page("confidence").textContent = found ? percent(found.confidence) : dash;
  page("doubt").hidden = !found || found.confidence >= DOUBT;
  page("overall").textContent = summary ? percent(summary.confidence) : dash;
  const pulse = summary?.heart_rate;
  page("pulse").textContent = pulse ? `${Math.round(pulse)} / min` : dash;
  tellBeats(summary);
  download("mask", found, `masks/${now}.png`, `${study.name}.${now}.mask.png`);
  download("masks", summary, "masks.zip", `${study.name}.masks.zip`);
  download("table", summary, "curve.csv", `${study.name}.csv`);
}

function tellBeats(summary) {
  const [value, note] = page("ejection").querySelectorAll("b, .note");
  const fraction = summary?.ejection_fraction;
  value.textContent = fraction === null || fraction === undefined ? dash : Math.round(fraction);
  const count = summary?.beats.length;
  note.textContent = !summary ? "after the last frame"
    : !count ? "no beat found"
      : `${count === 1 ? "1 beat" : `median of ${count} beats`}, single plane`;
  const passed = summary?.beats.filter((beat) => beat.ED.frame <= now).at(-1);
  const beat = passed ?? summary?.beats[0];
  for (const phase of ["ED", "ES"]) {
    const button = page(phase.toLowerCase());
    button.disabled = !beat;
    const cells = button.closest("tr").querySelectorAll("td");
    const volume = beat ? `${Math.round(beat[phase].volume)} ml` : dash;
    cells[0].textContent = beat ? beat[phase].frame : dash;
    cells[1].textContent = beat ? area(beat[phase].area / study.area_scale) : dash;
    cells[2].textContent = volume;
  }
}

function download(id, ready, what, name) {
  const link = page(id);
  link.setAttribute("aria-disabled", String(!ready));
  if (!ready) return link.removeAttribute("href");
  link.href = `/api/studies/${study.id}/${what}`;
  link.download = name;
}

function area(pixels) {
  const metric = study.area_unit === "cm^2";
  return metric ? `${(pixels * study.area_scale).toFixed(1)} cm²` : `${Math.round(pixels)} px`;
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

const KEYS = {
  " ": () => (playing ? pause() : play()),
  ArrowLeft: () => seek(now - 1),
  ArrowRight: () => seek(now + 1),
  Home: () => seek(0),
  End: () => seek(Infinity),
  d: () => seekPhase("ED"),
  s: () => seekPhase("ES"),
  c: () => page("outline").click(),
  o: () => page("picker").click(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onControl = event.target.closest("button, a, select, input");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!KEYS[key] || (onControl && (key === " " || onControl.matches("select")))) return;
  event.preventDefault();
  KEYS[key]();
});

page("open").onclick = page("choose").onclick = () => page("picker").click();
page("picker").onchange = ({ target }) => {
  if (target.files[0]) open(target.files[0]);
  target.value = "";
};
page("again").onclick = () => lastFile && open(lastFile);
page("dismiss").onclick = () => fault(null);
page("play").onclick = KEYS[" "];
page("back").onclick = KEYS.ArrowLeft;
page("on").onclick = KEYS.ArrowRight;
page("ed").onclick = KEYS.d;
page("es").onclick = KEYS.s;
page("scrub").oninput = ({ target }) => seek(Number(target.value));
page("outline").onchange = show;
page("curve").onpointerdown = page("curve").onpointermove = (event) => {
  if (study?.frames && event.buttons) seek(curve.frameAt(page("curve"), study, event.clientX));
};
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.toggleAttribute("data-dropping", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}
new ResizeObserver(show).observe(page("stage"));
watchServer();
