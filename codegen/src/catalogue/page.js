
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const query = byId("query");
  const main = byId("content");

  // Languages: "#ko/40001" chooses one, "#40001" leaves it as it is.

  const preferred = (navigator.languages || [navigator.language || "en"])[0];
  let chosen = null;

  const language = () => chosen || (/^ko\b/i.test(preferred) ? "ko" : "en");

  const address = () => {
    let hash = location.hash.slice(1);
    try {
      hash = decodeURIComponent(hash);
    } catch {
      // A stray percent sign: take it as it is.
    }
    const parts = /^(ko|en)(?:\/(.*))?$/s.exec(hash);
    return parts ? { language: parts[1], target: parts[2] || "" } : { language: null, target: hash };
  };

  const remember = (target) => {
    const hash = [chosen, target].filter(Boolean).map(encodeURIComponent).join("/");
    if (`#${hash}` !== location.hash && (hash || location.hash)) {
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    }
  };

  // Attributes cannot hold both languages: the one that is not shown waits beside.
  const attributes = [...document.querySelectorAll("[data-ko]")].map((element) => {
    const name = ["placeholder", "aria-label"].find((name) => element.hasAttribute(name));
    const en = name ? element.getAttribute(name) : element.textContent;
    return { element, name, texts: { en, ko: element.dataset.ko } };
  });

  const translate = () => {
    root.lang = language();
    for (const { element, name, texts } of attributes) {
      if (name) element.setAttribute(name, texts[root.lang]);
      else element.textContent = texts[root.lang];
    }
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === root.lang));
    }
    count();
    highlight();
  };

  const choose = (wanted) => {
    // What is being read stays where it is, though every text above it changes its length.
    const y = document.querySelector(".top").getBoundingClientRect().bottom + 24;
    const box = main.getBoundingClientRect();
    const read = document.elementFromPoint(box.left + box.width / 2, y)?.closest("tr, article, section");
    const before = read?.getBoundingClientRect().top;
    chosen = wanted;
    translate();
    if (read) scrollBy(0, read.getBoundingClientRect().top - before);
    remember(address().target);
  };

  // Search: every term must be found in an item, in either language.

  const normal = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");

  const ownText = (element) => {
    const skip = (node) => node !== element && node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-item");
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, {
      acceptNode: (node) => (skip(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT),
    });
    let text = "";
    while (walker.nextNode()) {
      if (walker.currentNode.nodeType === Node.TEXT_NODE) text += walker.currentNode.data;
      else if (!/^(CODE|SPAN|A)$/.test(walker.currentNode.tagName)) text += " ";
    }
    return normal(text);
  };

  const items = [...main.querySelectorAll("[data-item]")]
    .filter((element) => !element.parentElement.closest("[data-item]"))
    .map((element) => ({
      element,
      text: ownText(element),
      names: [...element.querySelectorAll("[data-own] code, th code")].map((code) => normal(code.textContent)),
      parts: [...element.querySelectorAll("[data-item]")].map((part) => ({ element: part, text: normal(part.textContent) })),
    }));
  const links = [...document.querySelectorAll(".contents a")].map((link) => ({
    entry: link.parentElement,
    target: byId(link.getAttribute("href").slice(1)),
  }));

  let terms = [];
  let found = 0;

  const within = (text) => terms.every((term) => text.includes(term));

  const show = ({ element, text, parts }) => {
    const all = within(text) || !parts.some((part) => within(`${text} ${part.text}`));
    for (const part of parts) {
      part.element.hidden = !all && !within(`${text} ${part.text}`);
      if (part.element.tagName === "DETAILS") part.element.open = !all && !part.element.hidden;
    }
    const whole = () => within([text, ...parts.map((part) => part.text)].join(" "));
    element.hidden = all && !within(text) && !whole();
    return !element.hidden;
  };

  const search = () => {
    terms = normal(query.value).trim().split(" ").filter(Boolean);
    const searching = terms.length > 0;
    document.body.classList.toggle("searching", searching);
    found = items.filter(show).length;
    for (const table of main.querySelectorAll(".scroll:not([data-index])")) {
      table.hidden = searching && !table.querySelector("tbody tr:not([hidden])");
    }
    for (const section of main.querySelectorAll("section")) {
      section.hidden = searching && !section.querySelector("[data-item]:not([hidden])");
      let part = null;
      for (const child of section.children) {
        if (child.classList.contains("part")) {
          part = child;
          part.hidden = searching;
        } else if (part && !child.hidden && child.matches("article, .scroll:not([data-index])")) {
          part.hidden = false;
        }
      }
    }
    for (const { entry, target } of links) entry.hidden = searching && (!target || target.hidden);
    byId("nothing").hidden = !searching || found > 0;
    const exact = exactly();
    if (exact) exact.scrollIntoView();
    else if (searching) scrollTo(0, 0);
    mark(exact);
    highlight();
    announce();
  };

  /** The item that has this very name. */
  const exactly = () => {
    const wanted = normal(query.value).trim();
    return wanted ? items.find(({ element, names }) => !element.hidden && names.includes(wanted))?.element : null;
  };

  const count = () => {
    const texts = { en: found === 1 ? "1 result" : `${found} results`, ko: `결과 ${found}개` };
    byId("count").textContent = terms.length ? texts[root.lang] : "";
  };

  // Screen readers should not be told every letter's count.
  let pending = 0;
  const announce = () => {
    clearTimeout(pending);
    pending = setTimeout(count, 250);
  };

  const highlight = () => {
    if (!CSS.highlights) return;
    const ranges = [];
    const long = terms.filter((term) => term.length > 1);
    const walker = long.length ? document.createTreeWalker(main, NodeFilter.SHOW_TEXT) : null;
    while (walker?.nextNode() && ranges.length < 2000) {
      const text = walker.currentNode.data.toLowerCase();
      for (const term of long) {
        for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, Math.min(at + term.length, walker.currentNode.length));
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  const clear = () => {
    query.value = "";
    search();
  };

  // Places.

  const mark = (element) => {
    for (const old of main.querySelectorAll(".target")) old.classList.remove("target");
    if (element?.matches("article, tr")) element.classList.add("target");
  };

  const place = (target) =>
    byId(target) || items.find(({ names }) => names.includes(normal(target)))?.element || null;

  const go = () => {
    const { language: wanted, target } = address();
    if (wanted) chosen = wanted;
    if (root.lang !== language()) translate();
    remember(target);
    const element = target ? place(target) : null;
    if (element) {
      if (terms.length && !element.getClientRects().length) clear();
      element.scrollIntoView();
    }
    mark(element);
  };

  // Everything is open in the file, for readers without scripts and for paper.

  const examples = main.querySelectorAll("details.example");
  const contents = document.querySelector(".contents details");
  const wide = matchMedia("(min-width: 60.01rem)");
  const fold = () => {
    contents.open = wide.matches;
  };
  for (const example of examples) example.open = false;
  addEventListener("beforeprint", () => {
    for (const example of examples) {
      example.dataset.open = String(example.open);
      example.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const example of examples) example.open = example.dataset.open === "true";
  });
  wide.addEventListener("change", fold);

  byId("search").hidden = false;
  document.querySelector(".languages").hidden = false;
  query.addEventListener("input", search);
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const first = exactly() || items.find(({ element }) => !element.hidden)?.element;
    if (!terms.length || !first) return;
    const link = first.querySelector("a, [tabindex]") || first;
    first.scrollIntoView();
    link.focus({ preventScroll: true });
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => choose(button.dataset.language));
  }
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape" && !event.isComposing && terms.length) {
      clear();
      query.focus();
    }
  });
  addEventListener("hashchange", go);

  fold();
  translate();
  if (query.value) search();
  go();
})();
