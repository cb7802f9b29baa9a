
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const query = byId("query");
  const main = byId("content");
  root.classList.add("js");

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
  const copies = [...document.querySelectorAll(".example")].map((example) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.addEventListener("click", () => copy(example, button));
    example.prepend(button);
    const curl = example.querySelector("pre.sh");
    return {
      button,
      texts: curl ? { en: "Copy as curl", ko: "curl 명령 복사" } : { en: "Copy", ko: "복사" },
    };
  });
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
    for (const { button, texts } of copies) button.textContent = texts[root.lang];
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

  // Copies of the examples.

  let copied = 0;
  const copy = async (example, button) => {
    const text = example.querySelector("pre");
    let said = { en: "Copied", ko: "복사했습니다" };
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      // The browser does not let a page write to the clipboard: the reader copies what is selected.
      example.querySelector("details").open = true;
      getSelection().selectAllChildren(text);
      said = { en: "Selected: press Ctrl+C", ko: "선택됨: Ctrl+C를 누르십시오" };
    }
    button.textContent = said[root.lang];
    byId("copied").textContent = said[root.lang];
    clearTimeout(copied);
    copied = setTimeout(() => {
      byId("copied").textContent = "";
      for (const { button, texts } of copies) button.textContent = texts[root.lang];
    }, 3000);
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
      else if (!/^(CODE|SPAN|STRONG|A|WBR)$/.test(walker.currentNode.tagName)) text += " ";
    }
    return normal(text);
  };

  // A field is known by its path and by its last part.
  const namesOf = (row) =>
    [...row.querySelectorAll(".self code")].flatMap((code) => {
      const name = normal(code.textContent);
      return [name, name.replace(/^.*\./, "")];
    });

  const items = [...main.querySelectorAll("[data-item]")]
    .filter((element) => !element.parentElement.closest("[data-item]"))
    .map((element) => ({
      element,
      text: ownText(element),
      names: element.matches("tr")
        ? namesOf(element)
        : [...element.querySelectorAll("[data-own] code")].map((code) => normal(code.textContent)),
      parts: [...element.querySelectorAll("[data-item]")].map((part) => ({
        element: part,
        text: normal(part.textContent),
        names: namesOf(part),
      })),
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
      const example = part.element.querySelector(":scope > details");
      if (example) example.open = !all && !part.element.hidden;
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
    for (const table of main.querySelectorAll(".table:not([data-index])")) {
      table.hidden = searching && !table.querySelector("tbody tr:not([hidden])");
    }
    for (const section of main.querySelectorAll("section")) {
      section.hidden = searching && !section.querySelector("[data-item]:not([hidden])");
      let part = null;
      for (const child of section.children) {
        if (child.classList.contains("part")) {
          part = child;
          part.hidden = searching;
        } else if (part && !child.hidden && child.matches("article, .table:not([data-index])")) {
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

  const named = (name) =>
    items.find(({ names }) => names.includes(name)) ||
    items.flatMap(({ parts }) => parts).find(({ names }) => names.includes(name));

  /** The item or field that has this very name. */
  const exactly = () => named(normal(query.value).trim())?.element || null;

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
    // A name is several nodes, since it may break after its parts.
    let nodes = [];
    while (walker && ranges.length < 2000) {
      const node = walker.nextNode();
      if (nodes.length && node?.previousSibling?.nodeName !== "WBR") {
        find(nodes, long, ranges);
        nodes = [];
      }
      if (!node) break;
      nodes.push(node);
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  const find = (nodes, terms, ranges) => {
    const text = nodes.map((node) => node.data.toLowerCase()).join("");
    const point = (at) => {
      let rest = at;
      for (const node of nodes) {
        if (rest <= node.length) return [node, rest];
        rest -= node.length;
      }
      const last = nodes[nodes.length - 1];
      return [last, last.length];
    };
    for (const term of terms) {
      for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
        const range = new Range();
        range.setStart(...point(at));
        range.setEnd(...point(at + term.length));
        ranges.push(range);
      }
    }
  };

  const clear = () => {
    query.value = "";
    search();
  };

  // Places.

  const mark = (element) => {
    for (const old of main.querySelectorAll(".target")) old.classList.remove("target");
    const shown = element?.matches("section") ? element.querySelector("h2") : element;
    if (shown?.matches("article, tr, h2, h3")) shown.classList.add("target");
  };

  // Also by a path as people write it, such as "load_events.events[].event_name", or by the name alone.
  const place = (target) =>
    byId(target) ||
    byId(target.replaceAll("[]", ".0").replace(/[{}]/g, "")) ||
    named(normal(target))?.element ||
    null;

  const go = () => {
    const { language: wanted, target } = address();
    if (wanted) chosen = wanted;
    if (root.lang !== language()) translate();
    const element = target ? place(target) : null;
    remember(element?.id || target);
    if (element) {
      for (let around = element; around; around = around.parentElement?.closest("details")) {
        if (around.tagName === "DETAILS") around.open = true;
      }
      if (terms.length && !element.getClientRects().length) clear();
      element.scrollIntoView();
    }
    mark(element);
  };

  // Everything is open in the file, for readers without scripts and for paper.

  const examples = main.querySelectorAll(".example details");
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
  document.addEventListener("click", (event) => {
    // A link to the place where the address already is changes nothing in it.
    const href = event.target.closest("a")?.getAttribute("href");
    if (href?.startsWith("#") && href.slice(1) === address().target) {
      event.preventDefault();
      go();
    }
  });

  fold();
  translate();
  if (query.value) search();
  go();
})();
