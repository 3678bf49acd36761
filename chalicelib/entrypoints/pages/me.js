// The page of one person. The link's secret is taken from behind the "#", kept in memory only, and sent as a header.
// Everything that is shown is put in as text: there is no place here that takes markup.
(() => {
  let language = document.documentElement.lang === "zh" ? "zh" : "en";
  let token = "";
  let view = null;
  const byId = (id) => document.getElementById(id);

  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  const say = (key, values = {}) => fill(WORDS[language][key], values);
  // Sources, roles and values are words of others: "constructor" is a name like any other, and no part of an object.
  const known = (value) => (Object.hasOwn(WORDS[language].words, value) ? WORDS[language].words[value] : undefined);
  const word = (value) => known(value) ?? String(value).replaceAll("_", " ");
  const both = (text) => (text ? text[language] : "");

  const make = (tag, given = {}, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (value === false || value === undefined || value === null) continue;
      if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return node;
  };

  const when = (moment, dayOnly = false) => {
    if (!moment) return "";
    const style = dayOnly ? { dateStyle: "long" } : { dateStyle: "long", timeStyle: "short" };
    return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", style).format(new Date(moment));
  };

  const shown = (value) => {
    if (value === true || value === false) return say(value ? "yes" : "no");
    if (Array.isArray(value)) return value.map(shown).join(", ");
    if (value !== null && typeof value === "object") return JSON.stringify(value);
    return known(value) ?? String(value);
  };

  // -- telling what happens, in words

  // ``done`` is true for what was done, and "heard" for what is seen anyway: then it is told to screen readers alone.
  const tell = (text, done = false) => {
    byId("problem").hidden = true;
    const status = byId("status");
    status.className = done === "heard" ? "heard" : done ? "note done" : "note";
    status.replaceChildren(text, done === true ? make("button", { type: "button", class: "close", "aria-label": say("close"), on: { click: () => tell("") } }, "×") : "");
    status.hidden = !text;
  };

  const complain = (text, retry) => {
    byId("status").hidden = true;
    const problem = byId("problem");
    problem.replaceChildren(text);
    if (retry) problem.append(make("div", { class: "buttons" }, make("button", { type: "button", on: { click: retry } }, say("again"))));
    problem.hidden = false;
    problem.focus();
  };

  const explain = (refusal) => {
    if (refusal.status === 401) {
      token = "";
      view = null;
      byId("content").replaceChildren();
      return say("linkEnded");
    }
    if (refusal.status === 403) return say("notAllowed");
    if (refusal.status === 429) return say("tooOften");
    if (refusal.status === 400) return say("wrongValue", { reason: refusal.message });
    return say("away");
  };

  // -- asking

  class Refusal extends Error {
    constructor(status, message) {
      super(message);
      this.status = status;
    }
  }

  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const ask = async (path, body, accept = "application/json") => {
    const headers = { Accept: accept, Authorization: `Bearer ${token}` };
    const request = { headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error" };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["Idempotency-Key"] = newKey();
      Object.assign(request, { method: "POST", body: JSON.stringify(body) });
    }
    let answer;
    try {
      answer = await fetch(path, request);
    } catch {
      throw new Refusal(0, "");
    }
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    throw new Refusal(answer.status, String(told.message ?? ""));
  };

  const attempt = async (doing, what) => {
    tell(doing);
    try {
      await what();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      complain(explain(refusal), refusal.status === 0 || refusal.status >= 500 ? () => attempt(doing, what) : null);
    }
  };

  const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
  const read = async () => (await ask("me")).json();
  const refresh = async () => {
    const mine = token;
    const found = await read();
    // Of a link that another one took the place of meanwhile nothing is shown.
    if (mine !== token) return;
    view = found;
    draw();
  };

  // -- the parts of the page

  const part = (id, title, text, ...inside) =>
    make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title), text ? make("p", { class: "quiet" }, text) : null, ...inside);

  const pairs = (rows) => {
    const list = make("dl");
    for (const [name, value] of rows) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
    return list;
  };

  const fold = (title, ...inside) => make("details", {}, make("summary", {}, title), ...inside);
  const rows = (items) => make("ul", { class: "rows" }, ...items);
  const listed = (names) => (names ?? []).map(word).join(language === "zh" ? "、" : ", ");
  const may = (action) => view.actions.includes(action);

  const grounds = (one) => [
    [say("purposes"), listed(one.purposes)],
    [say("basis"), one.legal_basis ? word(one.legal_basis) : ""],
    [say("keptUntil"), one.kept_until ? when(one.kept_until, true) : say("keptAlways")],
    [say("recipients"), one.recipients?.length ? one.recipients.map((name) => both(name)).join(language === "zh" ? "、" : ", ") : say("nobody")],
  ];

  const who = () =>
    part("who", say("who"), "",
      make("p", { class: "value" }, both(view.summary)),
      make("p", {}, say("whoText", { company: view.company, first: when(view.first_seen, true), last: when(view.last_seen, true) })),
      view.profiled ? null : make("p", {}, say("notProfiled")),
      view.state === "restricted" ? make("p", {}, make("strong", {}, say("restricted"))) : null,
      make("p", { class: "quiet" }, say("linkEnds", { at: when(view.expires_at) })),
      make("h3", {}, say("identifiers")),
      rows(view.identifiers.map((one) =>
        make("li", {},
          make("div", { class: "line" }, make("div", {}, both(one.name), make("div", { class: "value" }, one.value))),
          fold(say("why"), pairs([[say("seenFirst"), when(one.first_seen)], [say("seenLast"), when(one.last_seen)], ...grounds(one)]))))));

  const heldRow = (one) => {
    const form = make("div");
    const row = make("div", { class: "line" },
      make("div", {}, both(one.name), " ", ["personal", "sensitive"].includes(one.class) ? make("span", { class: "badge" }, word(one.class)) : null, make("div", { class: "value" }, shown(one.value))));
    if (one.correctable && may("correct")) {
      const button = make("button", { type: "button", "aria-expanded": "false", "aria-label": `${say("correct")}: ${both(one.name)}` }, say("correct"));
      button.addEventListener("click", () => {
        const open = form.childElementCount === 0;
        button.setAttribute("aria-expanded", String(open));
        form.replaceChildren(...(open ? [correction(one, () => { form.replaceChildren(); button.setAttribute("aria-expanded", "false"); button.focus(); })] : []));
        form.querySelector("input, select")?.focus();
      });
      row.append(button);
    }
    const told = pairs([[say("source"), word(one.source)], [say("seen"), when(one.observed_at)], ...grounds(one)]);
    return make("li", { "data-field": one.field }, row, form, fold(say("why"), told));
  };

  const correction = (one, close) => {
    const id = `right-${one.field}`;
    const entry = one.choices?.length
      ? make("select", { id }, ...one.choices.map((choice) => make("option", { value: choice, selected: choice === one.value }, shown(choice))))
      : make("input", { id, type: one.type === "date" ? "date" : "text", autocomplete: "off", maxlength: 300, required: true, value: typeof one.value === "boolean" ? "" : one.value });
    if (one.type === "boolean") entry.value = String(one.value);
    const keep = (value) => attempt(say("correcting"), () => correct(one, value));
    return make("form", { on: { submit: (event) => { event.preventDefault(); keep(typed(one, entry.value)); } } },
      make("label", { for: id }, say("correctLabel", { name: both(one.name) })), entry,
      make("div", { class: "buttons" },
        make("button", { class: "deed", type: "submit" }, say("save")),
        make("button", { type: "button", on: { click: () => keep(null) } }, say("notSo")),
        make("button", { type: "button", on: { click: close } }, say("cancel"))));
  };

  const typed = (one, text) => {
    if (one.type === "integer" && /^-?\d+$/.test(text.trim())) return Number(text);
    if (one.type === "boolean") return text === "true";
    return text;
  };

  const correct = async (one, value) => {
    const mine = token;
    await ask("me/corrections", { traits: { [one.field]: value } });
    // It goes the way of every event: a few seconds until it shows.
    for (const seconds of [1, 2, 3, 4]) {
      await pause(seconds);
      if (mine !== token) return;
      const now = await read();
      if (mine !== token) return;
      const found = now.held.find((other) => other.field === one.field);
      if (value === null ? !found : found && String(found.value) === String(value).trim()) {
        view = now;
        draw();
        return tell(say("corrected", { name: both(one.name) }), true);
      }
    }
    tell(say("correctionWaits", { name: both(one.name) }), true);
  };

  const held = () =>
    part("held", say("held"), say("heldText"), view.held.length ? rows(view.held.map(heldRow)) : make("p", {}, say("nothing")),
      view.measures.length
        ? fold(`${say("activity")} (${view.measures.length})`, make("p", { class: "quiet" }, say("activityText")),
            make("ul", {}, ...view.measures.map((one) => make("li", {}, `${both(one.name)}: ${say("times", { count: one.count, at: when(one.last_at, true) })}`))))
        : null);

  const tagRow = (one) => {
    const percent = Math.round(one.confidence * 100);
    const told = { person: "byPerson", group: "byGroup" }[one.source];
    const reasons = one.why.map((text) => make("li", {}, both(text)));
    if (told) reasons.unshift(make("li", {}, say(told)));
    return make("li", {},
      make("div", { class: "line" }, make("div", {}, make("div", { class: "value" }, both(one.name)), make("div", { class: "quiet" }, both(one.meaning)))),
      make("div", { class: "bar" }, make("progress", { max: 100, value: percent, "aria-label": say("sure", { percent, since: when(one.since, true) }) })),
      make("p", { class: "quiet" }, say("sure", { percent, since: when(one.since, true) })),
      fold(say("whyTag"), make("ul", {}, ...reasons)));
  };

  const tags = () => part("tags", say("tags"), say("tagsText"), view.tags.length ? rows(view.tags.map(tagRow)) : make("p", {}, say("noTags")));

  const number = (value) => new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: 2 }).format(value);

  const scoreRow = (one) => {
    const moved = [["raisedBy", one.raised_by], ["loweredBy", one.lowered_by]].filter(([, names]) => names.length);
    return make("li", { "data-score": one.score },
      make("div", { class: "line" }, make("div", { class: "value" }, both(one.name)), make("div", {}, one.label ? `${word(one.label)} · ${number(one.value)}` : number(one.value))),
      make("p", { class: "quiet" }, say("scoreSure", { percent: Math.round(one.confidence * 100) })),
      moved.length ? fold(say("whyTag"), make("ul", {}, ...moved.map(([key, names]) => make("li", {}, say(key, { names: names.map(both).join(language === "zh" ? "、" : ", ") }))))) : null);
  };

  const judged = () =>
    part("judged", say("judged"), say("judgedText"),
      view.segments.length ? rows(view.segments.map((one) => make("li", { "data-segment": one.id }, make("div", { class: "line" }, make("div", { class: "value" }, both(one.name)), make("div", { class: "quiet" }, say("memberSince", { since: when(one.since, true) })))))) : null,
      view.scores.length ? rows(view.scores.map(scoreRow)) : null,
      view.segments.length || view.scores.length ? null : make("p", {}, say("notJudged")));

  const riskRow = (one) => {
    const came = [one.held_back ? say("heldBack") : "", one.sent_at ? say("approached", { at: when(one.sent_at) }) : "", one.answer ? say("answered", { answer: word(one.answer), at: when(one.answered_at) }) : ""];
    const reasons = one.why.length ? one.why.map(both) : [say("noReason")];
    return make("li", { "data-risk": one.risk },
      make("div", { class: "line" }, make("div", {}, make("div", { class: "value" }, both(one.name)), make("div", { class: "quiet" }, both(one.says))), make("div", { class: "quiet" }, when(one.raised_at))),
      ...came.filter(Boolean).map((text) => make("p", {}, text)),
      fold(say("whyTag"), make("ul", {}, ...reasons.map((text) => make("li", {}, text))), make("p", { class: "quiet" }, both(one.explained)),
        pairs([[say("purposes"), one.purpose ? word(one.purpose) : ""], [say("standsUntil"), when(one.until, true)]])));
  };

  const risks = () =>
    part("risks", say("risks"), say("risksText"), make("p", { id: "control-group" }, both(view.control_group.explained)),
      view.risks.length ? rows(view.risks.map(riskRow)) : make("p", {}, say("noRisks")));

  const consentRow = (one) => {
    const id = `consent-${one.purpose}`;
    const box = make("input", { id, type: "checkbox", role: "switch", class: "switch", "aria-describedby": `${id}-says`, disabled: !may("consents") });
    box.checked = one.granted ?? one.assumed;
    box.addEventListener("change", async () => {
      box.disabled = true;
      const granted = box.checked;
      await attempt(say("reading"), async () => {
        await ask("me/consents", { purpose: one.purpose, granted });
        await refresh();
        tell(say("consentKept", { purpose: word(one.purpose), state: say(granted ? "on" : "off") }), true);
        byId(id)?.focus();
      });
      if (!byId("problem").hidden) { box.checked = !granted; box.disabled = false; }
    });
    const said = one.at ? say(one.granted ? "saysYes" : "saysNo", { at: when(one.at) }) : say("saysNothing");
    return make("li", {}, make("div", { class: "consent" },
      make("div", {}, make("label", { for: id }, word(one.purpose)), make("p", { class: "quiet", id: `${id}-says` }, `${WORDS[language].consentSays[one.purpose] ?? ""} ${said}`)), box));
  };

  const consents = () => part("consents", say("consents"), say("consentsText"), rows(view.consents.map(consentRow)));

  const decisions = () =>
    part("decisions", say("decisions"), say("decisionsText"),
      view.decisions.length
        ? rows(view.decisions.map((one) =>
            make("li", {}, make("div", { class: "line" }, make("div", { class: "value" }, say("sentTo", { mode: word(one.mode), queue: one.queue })), make("div", { class: "quiet" }, when(one.decided_at))),
              one.reasons.length ? fold(say("whyTag"), make("ul", {}, ...one.reasons.map((text) => make("li", {}, both(text))))) : null)))
        : make("p", {}, say("noDecisions")));

  const readers = () =>
    part("readers", say("readers"), say("readersText"),
      view.read_by.length
        ? rows(view.read_by.map((one) => make("li", {}, make("div", { class: "line" },
            make("div", {}, make("div", { class: "value" }, word(one.role)), make("div", { class: "quiet" }, `${one.role === "person" ? say("ownWish") : word(one.purpose)} · ${say(one.clear ? "readClear" : "readMasked")}`)),
            make("div", { class: "quiet" }, say("times", { count: one.times, at: when(one.last_at) }))))))
        : make("p", {}, say("noReaders")));

  const restriction = () => {
    const on = view.state === "restricted";
    const act = () => attempt(say("reading"), async () => {
      await ask("me/restriction", { restricted: !on });
      await refresh();
      tell(say(on ? "restrictUndone" : "restrictDone"), true);
    });
    return part("restrict", say("restrict"), say("restrictText"), on ? make("p", {}, make("strong", {}, say("restricted"))) : null,
      make("div", { class: "buttons" }, make("button", { type: "button", on: { click: act } }, say(on ? "restrictUndo" : "restrictDo"))));
  };

  const taking = () => {
    const rest = make("div", { class: "buttons" });
    const save = async (answer, file) => {
      const url = URL.createObjectURL(await answer.blob());
      const anchor = make("a", { href: url, download: file, hidden: true });
      document.body.append(anchor);
      anchor.click();
      anchor.remove();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    };
    const take = (format, part) => attempt(say("taking"), async () => {
      const answer = await ask(`me/export?format=${format}&part=${part}&language=${language}`, undefined, "*/*");
      const parts = Number(answer.headers.get("X-Parts") ?? 1);
      const file = `my-data-${part}.${format}`;
      await save(answer, file);
      // The person is part 1; each further one is a stretch of time with its events.
      rest.replaceChildren(...Array.from({ length: parts - 1 }, (_, place) =>
        make("button", { type: "button", on: { click: () => take(format, place + 2) } }, say("takePart", { part: place + 2, parts, format: format.toUpperCase() }))));
      tell(say(part === 1 && parts > 1 ? "takeMore" : "takeDone", { file }), true);
    });
    const button = (format) => make("button", { type: "button", on: { click: () => take(format, 1) } }, format.toUpperCase());
    return part("take", say("take"), say("takeText"), make("div", { class: "buttons" }, ...["html", "json", "csv"].map(button)), rest);
  };

  const erasing = () => {
    const box = make("div");
    const begin = () => attempt(say("erasing"), async () => {
      const asked = await (await ask("me/erasure", {})).json();
      const sure = make("input", { type: "checkbox", id: "erase-sure" });
      const go = make("button", { type: "button", class: "grave", disabled: true }, say("eraseDo"));
      sure.addEventListener("change", () => { go.disabled = !sure.checked; });
      go.addEventListener("click", () => attempt(say("erasing"), async () => {
        go.disabled = true;
        const done = await (await ask("me/erasure", { confirmation: asked.confirmation })).json();
        token = "";
        view = null;
        byId("content").replaceChildren();
        tell(say("erased", { id: done.erasure_id }), true);
        byId("main").focus();
      }));
      tell("");
      box.replaceChildren(make("p", {}, make("strong", {}, say("eraseSure"))),
        make("label", { class: "check", for: "erase-sure" }, sure, say("eraseUnderstood")),
        make("div", { class: "buttons" }, go, make("button", { type: "button", on: { click: () => { box.replaceChildren(); start.hidden = false; start.focus(); } } }, say("cancel"))));
      start.hidden = true;
      sure.focus();
    });
    const start = make("button", { type: "button", class: "grave", on: { click: begin } }, say("eraseAsk"));
    const whole = part("erase", say("erase"), say("eraseText"), make("div", { class: "buttons" }, start), box);
    whole.classList.add("grave-box");
    return whole;
  };

  const draw = () => {
    document.documentElement.lang = language === "zh" ? "zh" : "en";
    document.title = say("title");
    for (const node of document.querySelectorAll("[data-says]")) node.textContent = say(node.dataset.says);
    for (const node of document.querySelectorAll("[data-language]")) node.setAttribute("aria-pressed", String(node.dataset.language === language));
    byId("company").textContent = view ? view.company : "";
    if (!view) return;
    const optional = { restrict: [restriction], export: [taking], erase: [erasing] };
    const parts = [who, held, tags, judged, risks, consents, decisions, readers, ...["restrict", "export", "erase"].flatMap((action) => (may(action) ? optional[action] : []))];
    byId("content").replaceChildren(...parts.map((one) => one()));
  };

  const begin = () => {
    const given = location.hash.slice(1);
    if (given.startsWith("zl_")) {
      token = given;
      // Out of the address bar and of the browser's history, before anything else happens.
      history.replaceState(null, "", location.pathname);
    }
    view = null;
    byId("content").replaceChildren();
    draw();
    if (!token) return complain(say("noLink"));
    return attempt(say("reading"), async () => {
      await refresh();
      tell(say("ready"), "heard");
    });
  };

  for (const node of document.querySelectorAll("[data-language]")) {
    node.addEventListener("click", () => {
      language = node.dataset.language;
      tell("");
      draw();
      if (!view && !token) complain(say("noLink"));
    });
  }
  // Another link pasted into the same tab does not load the page anew.
  addEventListener("hashchange", () => { if (location.hash.startsWith("#zl_")) begin(); });
  begin();
})();
