/** Overview: the live metrics as plots, and the same numbers in a table. */

import { h } from "../../../vendor/preact.js";
import { METRICS } from "../../admin/live_metrics.js";
import { areaPath, linePath, niceCeiling } from "../../admin/plots.js";
import { shown } from "../../admin/values.js";
import { _, language } from "../../platform/i18n.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Metric } from "../../admin/live_metrics.js" */
/** @import { Series } from "../../admin/plots.js" */

const WIDTH = 300;
const HEIGHT = 64;

/** @param {{page: Console}} props */
export function Overview({ page }) {
  const { metrics } = page;
  void metrics.version.value;
  const state = metrics.state.value;
  const known = METRICS.filter(({ id }) => seriesOf(page, id).newest !== null);
  return [
    state === "failed"
      ? h(
          "p",
          { class: "problem", role: "alert" },
          metrics.problem.value,
          " ",
          _("The numbers below are older. The page tries again by itself."),
        )
      : state === "loading"
        ? h("p", { class: "quiet", role: "status" }, _("Loading…"))
        : h("p", { class: "quiet" }, _("The last five minutes; the page asks every two seconds.")),
    h(
      "div",
      { class: "admin-plots" },
      known.map((metric) =>
        h(Plot, { key: metric.id, metric, values: seriesOf(page, metric.id).values }),
      ),
    ),
    known.length ? h(Numbers, { page, known }) : null,
  ];
}

/**
 * @param {Console} page
 * @param {string} id
 * @returns {Series}
 */
function seriesOf({ metrics }, id) {
  return /** @type {Series} */ (metrics.series.get(id));
}

/** @param {{metric: Metric, values: readonly number[]}} props */
function Plot({ metric, values }) {
  const top = niceCeiling(Math.max(...values) * 1.1); // the line is not at the edge
  return h(
    "figure",
    { class: "admin-plot" },
    h(
      "figcaption",
      null,
      h("span", null, _(metric.label)),
      h("strong", null, metricText(metric, values.at(-1) ?? null)),
    ),
    // The table below says the same.
    h(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
        focusable: "false",
      },
      h("path", { class: "area", d: areaPath(values, WIDTH, HEIGHT, top) }),
      h("path", { class: "line", d: linePath(values, WIDTH, HEIGHT, top) }),
    ),
  );
}

/** @param {{page: Console, known: readonly Metric[]}} props */
function Numbers({ page, known }) {
  return h(
    "details",
    { class: "admin-numbers" },
    h("summary", null, _("These numbers as a table")),
    h(
      "table",
      { class: "admin-table" },
      h("caption", { class: "sr-only" }, _("Numbers of the last five minutes")),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          [_("Figure"), _("Now"), _("Least"), _("Most")].map((label, index) =>
            h("th", { key: label, scope: "col", class: index ? "number" : undefined }, label),
          ),
        ),
      ),
      h(
        "tbody",
        null,
        known.map((metric) => {
          const series = seriesOf(page, metric.id);
          const values = [series.newest, series.lowest, series.highest];
          return h(
            "tr",
            { key: metric.id },
            h("th", { scope: "row" }, _(metric.label)),
            values.map((value, index) =>
              h("td", { key: index, class: "number" }, metricText(metric, value)),
            ),
          );
        }),
      ),
    ),
  );
}

/**
 * @param {Metric} metric
 * @param {number|null} value
 */
function metricText({ kind }, value) {
  if (value === null) return "";
  if (kind === "milliseconds")
    return _("{count} ms", { count: decimal(value * 1000) });
  if (kind === "rate") return decimal(value);
  return shown(value, kind);
}

/** @param {number} value */
function decimal(value) {
  return value.toLocaleString(language.value, { maximumFractionDigits: value < 10 ? 1 : 0 });
}
