// The card that shows who got what and why: a bar of reasons for each connector.

const DOMAIN = "ev_charger_pool";
const TYPE = "ev-charger-pool-shares";
const PERIODS = ["session", "day", "week"];
const REFRESH_MS = 30_000;
const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const HUNDREDTHS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

// Time without a car, and time that nobody saw, is no part of the bar.
const SHOWN = new Set(["charging", "waiting", "resting", "out_of_order"]);

// Of Home Assistant's themes, with what the default theme has.
const COLORS = {
  vehicle: ["--green-color", "#4caf50"],
  charger: ["--light-green-color", "#8bc34a"],
  cable: ["--lime-color", "#cddc39"],
  circuit: ["--blue-color", "#2196f3"],
  contract: ["--light-blue-color", "#03a9f4"],
  tariff: ["--indigo-color", "#3f51b5"],
  imbalance: ["--cyan-color", "#00bcd4"],
  phases: ["--primary-color", "#009ac7"],
  generation: ["--deep-purple-color", "#6e41ab"],
  solar: ["--amber-color", "#ffc107"],
  battery: ["--teal-color", "#009688"],
  price: ["--yellow-color", "#ffeb3b"],
  plan: ["--purple-color", "#926bc7"],
  demand_response: ["--pink-color", "#e91e63"],
  turn: ["--orange-color", "#ff9800"],
  minimum: ["--deep-orange-color", "#ff6f22"],
  user: ["--brown-color", "#795548"],
  asleep: ["--blue-grey-color", "#607d8b"],
  write_budget: ["--disabled-color", "#bdbdbd"],
  lease: ["--disabled-color", "#bdbdbd"],
  stale: ["--red-color", "#f44336"],
  ignored: ["--red-color", "#f44336"],
  fault: ["--dark-grey-color", "#606060"],
  offline: ["--dark-grey-color", "#606060"],
  settling: ["--grey-color", "#9e9e9e"],
  not_connected: ["--grey-color", "#9e9e9e"],
};

const STYLE = `
  .content { padding: 16px; }
  .head { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 8px; }
  h2 { flex: 1; margin: 0; font-size: 1.25em; font-weight: 400; color: var(--primary-text-color); }
  .periods { display: flex; gap: 4px; }
  button {
    font: inherit; font-size: 0.85em; padding: 4px 10px; cursor: pointer;
    color: var(--primary-text-color); background: none;
    border: 1px solid var(--divider-color); border-radius: 16px;
  }
  button[aria-pressed="true"] {
    color: var(--text-primary-color, #fff); background: var(--primary-color);
    border-color: var(--primary-color);
  }
  details { padding: 8px 0; border-top: 1px solid var(--divider-color); }
  summary { cursor: pointer; list-style: none; }
  summary::-webkit-details-marker { display: none; }
  .line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; }
  .name { color: var(--primary-text-color); font-weight: 500; }
  .figures, .wants, .note { color: var(--secondary-text-color); font-size: 0.9em; }
  .bar {
    display: flex; height: 16px; margin: 6px 0 2px; border-radius: 4px; overflow: hidden;
    background: var(--divider-color);
  }
  .part, .swatch { background-color: var(--of-reason); }
  .part { min-width: 1px; box-shadow: inset -1px 0 var(--card-background-color, #fff); }
  .waiting {
    background-image: repeating-linear-gradient(
      45deg, transparent 0 4px, var(--card-background-color, #fff) 4px 6px);
  }
  .resting { opacity: 0.45; }
  ul {
    display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 12px 0 0; padding: 0;
    font-size: 0.85em; color: var(--primary-text-color);
  }
  li { display: flex; align-items: center; gap: 6px; }
  .swatch { width: 12px; height: 12px; border-radius: 3px; flex: none; }
  table { width: 100%; margin-top: 6px; border-collapse: collapse; font-size: 0.85em;
    color: var(--primary-text-color); }
  th { text-align: start; font-weight: 500; color: var(--secondary-text-color); }
  td, th { padding: 2px 8px 2px 0; }
  .number { text-align: end; white-space: nowrap; }
  .error { color: var(--error-color); margin: 8px 0; }
`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class SharesCard extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this._open = new Set();
    this._asked = 0;
  }

  static getConfigForm() {
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "config_entry_id", selector: { config_entry: { integration: DOMAIN } } },
        {
          name: "period",
          selector: { select: { options: PERIODS, translation_key: "share_period" } },
        },
      ],
    };
  }

  static getStubConfig() {
    return { period: "day" };
  }

  setConfig(config) {
    if (config.period !== undefined && !PERIODS.includes(config.period)) {
      throw new Error(`period has to be one of ${PERIODS.join(", ")}, not ${config.period}`);
    }
    this._config = config;
    this._period = config.period ?? "day";
    this._answer = this._error = undefined;
    this._refresh();
  }

  set hass(hass) {
    const isNews = this._hass?.locale?.language !== hass.locale.language;
    this._hass = hass;
    if (isNews) this._loadTexts().then(() => this._refresh());
  }

  getCardSize() {
    return 2 + 2 * (this._answer?.connectors.length ?? 2);
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6 };
  }

  connectedCallback() {
    this._timer = setInterval(() => document.hidden || this._refresh(), REFRESH_MS);
    this._refresh();
  }

  disconnectedCallback() {
    clearInterval(this._timer);
  }

  async _loadTexts() {
    this._hasTexts = false;
    const kinds = ["entity", "exceptions", "selector"];
    await Promise.all(kinds.map((kind) => this._hass.loadBackendTranslation(kind, DOMAIN)));
    this._hasTexts = true;
  }

  async _refresh() {
    if (!this._hass || !this._config || !this.isConnected || !this._hasTexts) return;
    const asked = ++this._asked;
    const message = { type: `${DOMAIN}/shares`, period: this._period };
    if (this._config.config_entry_id) message.config_entry_id = this._config.config_entry_id;
    try {
      const answer = await this._hass.callWS(message);
      if (asked !== this._asked) return;
      this._answer = answer;
      this._error = undefined;
    } catch (error) {
      if (asked !== this._asked) return;
      this._error = error;
    }
    this._show();
  }

  _choose(period) {
    this._period = period;
    this._answer = undefined;
    this._show();
    this._refresh();
  }

  // Words and figures

  _text(path, values) {
    const said = this._hass.localize(`component.${DOMAIN}.${path}`, values);
    return said || path.split(".").pop().replaceAll("_", " ");
  }

  _say(key, values) {
    return this._text(`selector.share_card.options.${key}`, values);
  }

  _reason(part) {
    if (!part.reason) return this._activity(part);
    const reason = this._text(`entity.sensor.limited_by.state.${part.reason}`);
    return part.circuit ? `${reason} (${part.circuit})` : reason;
  }

  _activity(part) {
    return this._text(`selector.share_activity.options.${part.activity}`);
  }

  _standing(part) {
    // Its reason says that it waits.
    if (!part.reason || part.reason === "turn") return this._reason(part);
    return `${this._activity(part)}: ${this._reason(part)}`;
  }

  _number(value, options) {
    return new Intl.NumberFormat(this._hass.locale.language, options).format(value);
  }

  _kwh(value) {
    return `${this._number(value, TENTHS)} kWh`;
  }

  _duration(seconds) {
    const unit = (value, name) =>
      this._number(value, { style: "unit", unit: name, unitDisplay: "short" });
    if (seconds < 60) return unit(Math.round(seconds), "second");
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return unit(minutes, "minute");
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    return rest ? `${unit(hours, "hour")} ${unit(rest, "minute")}` : unit(hours, "hour");
  }

  _figures(connector) {
    const told = [this._kwh(connector.energy_kwh)];
    if (connector.charging_seconds >= 1) {
      told.push(this._say("charged_for", { time: this._duration(connector.charging_seconds) }));
    }
    told.push(this._say("waited_for", { time: this._duration(connector.waiting_seconds) }));
    if (connector.given_share !== null) {
      const share = this._number(connector.given_share, { style: "percent" });
      told.push(this._say("given_share", { share }));
    }
    if (connector.cost !== null) {
      const currency = { style: "currency", currency: this._answer.currency };
      told.push(this._number(connector.cost, currency));
    }
    if (connector.co2_kg !== null) {
      told.push(`${this._number(connector.co2_kg, TENTHS)} kg CO₂`);
    }
    return told.join(" · ");
  }

  _wants(connector) {
    const wants = connector.wants;
    const told = [
      this._text(`entity.select.mode.state.${wants.mode}`),
      `${this._text("entity.select.priority.name")}: ${this._text(
        `entity.select.priority.state.${wants.priority}`,
      )}`,
      `${this._text("entity.number.weight.name")}: ${this._number(wants.weight)}`,
    ];
    if (wants.mode === "plan" && wants.needed_kwh !== null) {
      told.push(this._say("needs", { energy: this._kwh(wants.needed_kwh) }));
    }
    told.push(this._say("turns", { turns: connector.turns, pauses: connector.pauses }));
    return told.join(" · ");
  }

  // What is shown

  _show() {
    const card = element("ha-card", {}, element("div", { class: "content" }, ...this._parts()));
    this.shadowRoot.replaceChildren(element("style", {}, STYLE), card);
  }

  _parts() {
    const parts = [this._head()];
    if (this._error) parts.push(this._trouble());
    if (!this._answer) {
      if (!this._error) parts.push(this._note("loading"));
      return parts;
    }
    const connectors = this._answer.connectors;
    if (!connectors.length) {
      parts.push(this._note(this._period === "session" ? "no_session" : "no_connector"));
    }
    parts.push(...connectors.map((connector) => this._connector(connector)));
    const legend = this._legend(connectors);
    if (legend.childElementCount) parts.push(legend);
    return parts;
  }

  _head() {
    const label = (period) => this._text(`selector.share_period.options.${period}`);
    const buttons = PERIODS.map((period) => {
      const pressed = String(period === this._period);
      const button = element("button", { type: "button", "aria-pressed": pressed }, label(period));
      button.addEventListener("click", () => this._choose(period));
      return button;
    });
    const title = this._config.title ?? this._say("title");
    const group = { class: "periods", role: "group", "aria-label": title || this._say("title") };
    const heading = title ? [element("h2", {}, title)] : [];
    return element("div", { class: "head" }, ...heading, element("div", group, ...buttons));
  }

  _trouble() {
    const { translation_domain: domain, translation_key: key, message } = this._error;
    const values = this._error.translation_placeholders;
    const said =
      domain && key && this._hass.localize(`component.${domain}.exceptions.${key}.message`, values);
    const text = said || message || this._say("failed");
    return element("div", { class: "error", role: "alert" }, text);
  }

  _note(key) {
    return element("p", { class: "note" }, this._say(key));
  }

  _connector(connector) {
    const parts = connector.reasons.filter((part) => SHOWN.has(part.activity) && part.seconds > 0);
    const summary = element(
      "summary",
      {},
      element(
        "div",
        { class: "line" },
        element("span", { class: "name" }, connector.name),
        element("span", { class: "figures" }, this._figures(connector)),
      ),
      parts.length ? this._bar(connector, parts) : this._note("no_car"),
    );
    const details = element("details", {}, summary);
    details.append(element("div", { class: "wants" }, this._wants(connector)));
    if (connector.reasons.length) details.append(this._table(connector));
    details.open = this._open.has(connector.member);
    details.addEventListener("toggle", () =>
      details.open ? this._open.add(connector.member) : this._open.delete(connector.member),
    );
    return details;
  }

  _bar(connector, parts) {
    const total = parts.reduce((sum, part) => sum + part.seconds, 0);
    const told = parts.map((part) => {
      const share = this._number(part.seconds / total, { style: "percent" });
      return `${this._standing(part)}, ${share}, ${this._duration(part.seconds)}`;
    });
    const label = `${connector.name}: ${told.join("; ")}`;
    const bar = element("div", { class: "bar", role: "img", "aria-label": label });
    parts.forEach((part, position) => {
      const drawn = element("div", { class: `part ${part.activity}`, title: told[position] });
      drawn.style.flex = `${part.seconds} 0 0`;
      this._paint(drawn, part);
      bar.append(drawn);
    });
    return bar;
  }

  _paint(drawn, part) {
    const [name, color] = COLORS[part.reason] ?? COLORS.not_connected;
    drawn.style.setProperty("--of-reason", `var(${name}, ${color})`);
  }

  _table(connector) {
    const number = { class: "number" };
    const head = element(
      "tr",
      {},
      element("th", { scope: "col" }, this._say("what")),
      element("th", { scope: "col" }, this._text("entity.sensor.limited_by.name")),
      element("th", { scope: "col", ...number }, this._say("time")),
      element("th", { scope: "col", ...number }, "kWh"),
    );
    const rows = connector.reasons
      .filter((part) => part.seconds > 0 || part.energy_kwh > 0)
      .map((part) =>
        element(
          "tr",
          {},
          element("td", {}, this._activity(part)),
          element("td", {}, part.reason ? this._reason(part) : "–"),
          element("td", number, this._duration(part.seconds)),
          element("td", number, this._number(part.energy_kwh, HUNDREDTHS)),
        ),
      );
    return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  }

  _legend(connectors) {
    const known = new Map();
    for (const connector of connectors) {
      for (const part of connector.reasons) {
        if (!SHOWN.has(part.activity) || part.seconds <= 0) continue;
        const label = this._standing(part);
        if (!known.has(label)) known.set(label, part);
      }
    }
    const entries = [...known].map(([label, part]) => {
      const swatch = element("span", { class: `swatch ${part.activity}`, "aria-hidden": "true" });
      this._paint(swatch, part);
      return element("li", {}, swatch, label);
    });
    return element("ul", {}, ...entries);
  }
}

// Home Assistant replaces the registry of elements while it starts: what was defined before that
// would not be found.
customElements.whenDefined("home-assistant").then(() => {
  if (customElements.get(TYPE)) return;
  customElements.define(TYPE, SharesCard);
  window.customCards = window.customCards ?? [];
  window.customCards.push({
    type: TYPE,
    name: "EV Charger Pool: who got what and why",
    description: "What each connector got over a session, a day or a week, and what held it back.",
    preview: true,
  });
});
