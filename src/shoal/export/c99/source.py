"""The source: tables, preparation, encoding, the two layers, the output unit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding
from shoal.export.c99.machines import FLASH, LACKING
from shoal.export.c99.parts import CNames, Precision, has_class, in_order, level_index, literal, matrix, own_levels, places, table, wrapped
from shoal.export.dates import WAVES_OF_C, date_part, has_waves
from shoal.export.portable import Portable, c_string, comment
from shoal.export.trace import c_formula
from shoal.table import Feature, Field
from shoal.textbook.activations import ACTIVATIONS

DATES = """/* A date's parts from seconds since 1970: days, day of year, weekday (Monday is 0), hour. Missing beyond the years +-8000. */
static void date_parts(double seconds, double part[4])
{
    const double days = seconds / 86400.0;
    double whole, century, year, day, leap;
    if (!(days > -3e6 && days < 3e6)) {
        part[0] = part[1] = part[2] = part[3] = NAN;
        return;
    }
    whole = floor(days) + 719468.0; /* days since 1 March of the year 0 */
    century = floor(whole / 146097.0); /* of 400 years */
    day = whole - century * 146097.0;
    year = floor((day - floor(day / 1460.0) + floor(day / 36524.0) - floor(day / 146096.0)) / 365.0);
    day -= 365.0 * year + floor(year / 4.0) - floor(year / 100.0); /* from 0, on 1 March */
    leap = fmod(year, 4.0) == 0.0 && (fmod(year, 100.0) != 0.0 || year == 0.0) ? 1.0 : 0.0;
    part[0] = days;
    part[1] = day >= 306.0 ? day - 305.0 : day + 60.0 + leap;
    part[2] = fmod(fmod(floor(days) + 3.0, 7.0) + 7.0, 7.0);
    part[3] = floor((seconds - floor(days) * 86400.0) / 3600.0);
}
"""
FIND = """/* The place of a text among the levels; the last is for the rest. */
static int find(const char *text, const char *const *levels, int n)
{
    int i;
    if (text == NULL || text[0] == '\\0')
        return 0;
    for (i = 0; i < n - 1; i++)
        if (strcmp(text, levels[i]) == 0)
            return i;
    return n - 1;
}
"""
RAMPS_CODE = """    for (j = 0; j < N_RAMPED; j++) {
        const FLASH double *edge = EDGE + FIRST[j];
        const double v = x[RAMPED[j]];
        const int n = FIRST[j + 1] - FIRST[j] - 1, row = FIRST[j] - j;
        double share;
        int t = 0; /* ramps that are whole */
        while (t < n && v >= edge[t + 1])
            t++;
        share = t < n && v > edge[t] ? (v - edge[t]) / (edge[t + 1] - edge[t]) : 0.0;
        if (t > 0)
            add(z, HEIGHT[row + t - 1], (real)(1.0 - share));
        if (t < n)
            add(z, HEIGHT[row + t], (real)share);
    }"""
SKIP = """/* z2 += W3 x: skip connections */
static void add_out(double z[N_Z], const FLASH double w[N_Z], double x)
{
    int i;
    if (x != 0) /* true of NAN too */
        for (i = 0; i < N_Z; i++)
            z[i] += w[i] * x;
}

static void skip(const double x[N_X], double z[N_Z])
{
    int j;
    for (j = 0; j < N_X; j++)
        add_out(z, W3[j], (x[j] - CENTER[j]) / SCALE[j]);
%s}
"""
RAMPS_PAST = RAMPS_CODE.replace("add(", "add_out(").replace("HEIGHT[row", "HEIGHT_OUT[row").replace("(real)", "") + "\n"
LIMIT = """/* Cells far from all others of their column count as its limits. */
static void limit(double x[N_X])
{
    int j;
    for (j = 0; j < N_LIMITED; j++) {
        double *v = &x[LIMITED[j]];
        if (*v < LOWER[j])
            *v = LOWER[j];
        if (*v > UPPER[j])
            *v = UPPER[j];
    }
}
"""
LEVEL = """/* A number that is no level stands for the rest. */
static int place_of(int level, int n)
{
    return level >= 0 && level < n ? level : n - 1;
}

/* The column of a level becomes 1; -1 is no column. */
static void mark(double *x, const FLASH short *column, int n, int level)
{
    const int place = column[place_of(level, n)];
    if (place >= 0)
        x[place] = 1.0;
}
"""


def source(model: Portable, names: CNames, precision: Precision) -> str:
    """Tables, preparation, encoding, the two layers, the output unit."""
    p = names.prefix
    parts = [
        f'/* {p}: see {p}.h. Nothing here is kept between calls or taken from a heap. */\n#include "{p}.h"\n\n#include <math.h>\n'
        f"#include <stddef.h>\n#include <string.h>\n\n{FLASH}\ntypedef {precision} real;\n",
        sizes(model),
        labels(model, names),
        category_tables(model, names),
        encoding_tables(model),
        weight_tables(model, precision),
        DATES if any(field.kind == "date" for field in model.fields) else "",
        WAVES_OF_C if has_waves(model.features) else "",
        FIND + "\n" + LEVEL if any(names.levels) else "",
        prepare(model, names),
        LIMIT if model.network.encoding.limited_inputs else "",
        units(model, precision),
        predict(model, names),
        *(
            level_of(field, f"{p}_{member}", j, len(levels))
            for j, (field, member, levels) in enumerate(zip(model.fields, names.fields, names.levels, strict=True))
            if levels
        ),
    ]
    return "\n".join(part for part in parts if part)


def level_of(field: Field, name: str, j: int, n: int) -> str:
    """The function from a text to its level."""
    begin, found = f"{name}_level {name}_of(const char *text)\n{{\n", f"    return ({name}_level)find(text, LEVELS_{j}, {n});\n}}\n"
    if not field.variants:
        return begin + found
    n = len(field.variants)
    return (
        f"{begin}    const int i = find(text, VARIANTS_{j}, {n + 2});\n"
        f"    if (i > 0 && i <= {n})\n        return ({name}_level)VARIANTS_OF_{j}[i - 1];\n{found}"
    )


def sizes(model: Portable) -> str:
    """The sizes as macros."""
    network = model.network
    ramped = sum(len(edges) > 0 for edges in network.encoding.edges)
    n_h = network.merged.W1.shape[0]
    shown = "/* Prepared columns, hidden units, logits" + ("; columns with ramps, their edges, their ramps. */" if ramped else ". */")
    ramps = f", N_RAMPED = {ramped}, N_EDGES = {network.encoding.n_ramps + ramped}, N_RAMPS = {network.encoding.n_ramps}" if ramped else ""
    limited = len(network.encoding.limited_inputs)
    limits = f"/* Columns with limits. */\nenum {{ N_LIMITED = {limited} }};\n" if limited else ""
    return f"{shown}\nenum {{ N_X = {len(model.features)}, N_H = {n_h}, N_Z = {n_logits(model)}{ramps} }};\n{limits}"


def n_logits(model: Portable) -> int:
    """Logits that the prediction needs: for a Gaussian output the means alone."""
    return model.network.g2.unit.n_targets(int(model.network.merged.W2.shape[0]))


def labels(model: Portable, names: CNames) -> str:
    """The names of the outputs as a table of strings."""
    shown = [str(label) for label in model.classes[0]] if has_class(model) else list(model.targets)
    return f"const char *const {names.prefix}_outputs[{names.macro}_OUTPUTS] = {{\n{wrapped([c_string(text) for text in shown])}\n}};\n"


def category_tables(model: Portable, names: CNames) -> str:
    """For each category: the texts, and the prepared column of each."""
    parts = []
    for j, (field, levels) in enumerate(zip(model.fields, names.levels, strict=True)):
        if levels:
            first = next(i for i, feature in enumerate(model.features) if feature.field == j)
            empty = field.levels[field.missing] if field.missing < len(field.levels) else ""
            texts = [c_string(text) for text in (empty, *own_levels(field), "")]
            columns = [str(place) for place in places(field, first)]
            parts.append(
                f"/* {comment(repr(field.name))} */\nstatic const char *const LEVELS_{j}[{len(levels)}] = {{\n{wrapped(texts)}\n}};\n"
            )
            if field.variants:
                n, others = len(field.variants), [c_string(text) for text in ("", *(variant.text for variant in field.variants), "")]
                levels_of = [str(level_index(field, variant.level)) for variant in field.variants]
                parts.append(f"static const char *const VARIANTS_{j}[{n + 2}] = {{\n{wrapped(others)}\n}};\n")
                parts.append(f"static const FLASH short VARIANTS_OF_{j}[{n}] = {{\n{wrapped(levels_of)}\n}};\n")
            parts.append(f"static const FLASH short COLUMNS_{j}[{len(levels)}] = {{\n{wrapped(columns)}\n}};\n")
            if field.means is not None:
                means = field.means.table()[in_order(field)]
                parts.append(f"/* {comment(', '.join(field.means.outputs))} */\n")
                parts.append(matrix(f"MEANS_{j}", means, f"[{len(levels)}][{means.shape[1]}]", "double"))
    return "".join(parts)


def encoding_tables(model: Portable) -> str:
    """Limits, centres and scales, and the ramps between the edges."""
    encoding = model.network.encoding
    parts = []
    if encoding.limited_inputs:
        columns, lower, upper = zip(*encoding.limited_inputs, strict=True)
        parts.append("/* Which columns have limits, and these. */\n")
        parts.append(f"static const FLASH short LIMITED[N_LIMITED] = {{\n{wrapped(list(map(str, columns)))}\n}};\n")
        parts += [table("LOWER", lower, "N_LIMITED"), table("UPPER", upper, "N_LIMITED")]
    parts += ["/* A z-score is (x - CENTER) / SCALE. */\n"]
    parts += [table("CENTER", encoding.center, "N_X"), table("SCALE", encoding.scale, "N_X")]
    ramped = {j: edges for j, edges in enumerate(encoding.edges) if len(edges)}
    if ramped:
        first = np.concatenate([[0], np.cumsum([len(edges) for edges in ramped.values()])])
        parts.append("/* Which columns have ramps, and where the edges of each begin. */\n")
        parts.append(f"static const FLASH short RAMPED[N_RAMPED] = {{\n{wrapped([str(j) for j in ramped])}\n}};\n")
        parts.append(f"static const FLASH short FIRST[N_RAMPED + 1] = {{\n{wrapped([str(i) for i in first])}\n}};\n")
        parts.append(table("EDGE", np.concatenate(list(ramped.values())), "N_EDGES"))
    return "".join(parts)


def weight_tables(model: Portable, precision: Precision) -> str:
    """W1 by inputs, so that an input of 0 costs nothing and compilers see independent sums; W2 by outputs.

    All ramps of a column together are one piecewise-linear function: HEIGHT holds its height at every edge but the first, where it is
    0, so that a column costs two of its rows and not all of them. The ramps' means are taken off in b1.
    """
    W1, b1, W2, b2, W3 = (getattr(model.network.merged, name) for name in ("W1", "b1", "W2", "b2", "W3"))
    n, encoding = n_logits(model), model.network.encoding
    ramps = W1[:, encoding.n_inputs :] * encoding.ramp_scale
    b1 = b1 - ramps @ encoding.ramp_center[:, None]
    parts = ["/* W1 by inputs, W2 by outputs. */\n", matrix("W1", W1[:, : encoding.n_inputs].T, "[N_X][N_H]", precision)]
    if encoding.n_ramps:
        parts.append(
            "/* What a column's ramps add at each of its edges but the first, where they add nothing; B1 is less by their means. */\n"
        )
        parts.append(matrix("HEIGHT", heights(ramps, encoding.edges).T, "[N_RAMPS][N_H]", precision))
    parts.append(table("B1", b1[:, 0], "N_H", precision))
    if W3 is not None:
        parts.append(skip_tables(W3[:n], encoding))
        b2 = b2[:n] - W3[:n, encoding.n_inputs :] @ encoding.ramp_center[:, None] * encoding.ramp_scale
    parts += [matrix("W2", W2[:n], "[N_Z][N_H]", "double"), table("B2", b2[:n, 0], "N_Z")]
    return "".join(parts)


def skip_tables(W3: NDArray[np.floating], encoding: Encoding) -> str:
    """W3 by inputs, and the contribution of ramps past the hidden layer, like `weight_tables` for W1."""
    tables = "/* Skip connections, by inputs. */\n" + matrix("W3", W3[:, : encoding.n_inputs].T, "[N_X][N_Z]", "double")
    if not encoding.n_ramps:
        return tables
    ramps = W3[:, encoding.n_inputs :] * encoding.ramp_scale
    return tables + matrix("HEIGHT_OUT", heights(ramps, encoding.edges).T, "[N_RAMPS][N_Z]", "double")


def heights(ramps: NDArray[np.floating], edges: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
    """The weights of ramps `(n_h, ramps)` summed up within each column: their contribution if all ramps up to here have the value 1."""
    ends = np.cumsum([max(0, len(e) - 1) for e in edges])
    return np.concatenate([np.cumsum(block, axis=1) for block in np.split(ramps, ends[:-1], axis=1)], axis=1)


def prepare(model: Portable, names: CNames) -> str:
    """From cells to the prepared columns."""
    p = names.prefix
    lines = [f"static void prepare(const {p}_row *row, double x[N_X])", "{"]
    if names.numbered:
        return "\n".join([*lines, "    memcpy(x, row->x, sizeof row->x);", "}\n"])
    dates = [j for j, field in enumerate(model.fields) if field.kind == "date"]
    lines += [f"    double part_{j}[4];" for j in dates]
    if any(names.levels):
        lines.append("    memset(x, 0, N_X * sizeof *x);")
    lines += [f"    date_parts(row->{names.fields[j]}, part_{j});" for j in dates]
    lines += [f"    x[{i}] = {prepared(model, names, feature)};" for i, feature in enumerate(model.features) if feature.part != "level"]
    lines += [
        f"    mark(x, COLUMNS_{j}, {len(levels)}, (int)row->{member});"
        for j, (member, levels) in enumerate(zip(names.fields, names.levels, strict=True))
        if levels
    ]
    return "\n".join([*lines, "}\n"])


def prepared(model: Portable, names: CNames, feature: Feature) -> str:
    """One prepared number."""
    field = model.fields[feature.field]
    cell = f"row->{names.fields[feature.field]}"
    if feature.part == "target mean":
        n = len(names.levels[feature.field])
        return f"MEANS_{feature.field}[place_of((int){cell}, {n})][{feature.output}]"
    if field.kind == "date":
        cell = date_part(
            "days" if feature.part == "missing" else feature.part, f"part_{feature.field}[{{}}]", "floor(({} - floor({})) * 86400.0 + 0.5)"
        )
    if feature.part == "missing":
        return f"isnan({cell}) ? 1.0 : 0.0"
    return cell if np.isnan(feature.fill) else f"isnan({cell}) ? {literal(feature.fill)} : {cell}"


def units(model: Portable, precision: Precision) -> str:
    """The hidden unit, and one input's contribution to all of them."""
    name = model.network.activation
    lines, value = c_formula(ACTIVATIONS[name].g, real="real", single=precision == "float")
    body = "".join(f"    {line}\n" for line in [*lines, f"return {value};"])
    parts = [code for lacking, code in LACKING.items() if lacking in body]
    parts.append(f"/* {name} */\nstatic real g(real z)\n{{\n{body}}}\n")
    if precision == "float":
        parts.append(
            "/* Held within +-1e36, beyond which sums of float would not be finite. */\n"
            "static real narrow(double x)\n{\n    return x > 1e36 ? 1e36f : x < -1e36 ? -1e36f : (float)x;\n}\n"
        )
    parts.append(
        "static void add(real z[N_H], const FLASH real w[N_H], real x)\n{\n    int i;\n    if (x != 0) /* true of NAN too */\n"
        "        for (i = 0; i < N_H; i++)\n            z[i] += w[i] * x;\n}\n"
    )
    narrow = "narrow(%s)" if precision == "float" else "%s"
    lines = ["    for (j = 0; j < N_H; j++)", "        z[j] = B1[j];", "    for (j = 0; j < N_X; j++)"]
    lines.append(f"        add(z, W1[j], {narrow % '(x[j] - CENTER[j]) / SCALE[j]'});")
    if model.network.encoding.n_ramps:
        lines.append(RAMPS_CODE)
    body = "\n".join(lines)
    parts.append(f"/* Z1 */\nstatic void layer_1(const double x[N_X], real z[N_H])\n{{\n    int j;\n{body}\n}}\n")
    if model.network.merged.W3 is not None:
        parts.append(SKIP % (RAMPS_PAST if model.network.encoding.n_ramps else ""))
    return "\n".join(parts)


def predict(model: Portable, names: CNames) -> str:
    """The whole prediction: prepare, the two layers, the output unit."""
    p = names.prefix
    body, answer = output_unit(model)
    kind = "int" if has_class(model) else "void"
    past = "" if model.network.merged.W3 is None else "    skip(x, z2);\n"
    limit = "    limit(x);\n" if model.network.encoding.limited_inputs else ""
    return f"""{kind} {p}_predict(const {p}_row *row, double out[{names.macro}_OUTPUTS])
{{
    double x[N_X], z2[N_Z];
    real a[N_H];
    int i, k;
    prepare(row, x);
{limit}    layer_1(x, a);
    for (i = 0; i < N_H; i++)
        a[i] = g(a[i]);
    for (k = 0; k < N_Z; k++) {{
        double sum = B2[k];
        for (i = 0; i < N_H; i++)
            sum += W2[k][i] * (double)a[i];
        z2[k] = sum;
    }}
{past}{body}{answer}}}
"""


SOFTMAX = """    {
        double most = z2[0], total = 0;
        for (k = 1; k < N_Z; k++)
            most = z2[k] > most ? z2[k] : most;
        for (k = 0; k < N_Z; k++)
            total += out[k] = exp(z2[k] - most);
        for (k = 0; k < N_Z; k++)
            out[k] /= total;
    }
"""
LIKELIEST = """    for (i = 0, k = 1; k < N_Z; k++)
        i = out[k] > out[i] ? k : i;
    return isnan(out[0]) ? -1 : i;
"""


def output_unit(model: Portable) -> tuple[str, str]:
    """Lines that turn z2 into out, and the line that returns."""
    network, unit = model.network, model.network.g2.unit
    if unit.decides == "largest":
        return SOFTMAX, LIKELIEST
    if unit.decides == "side" and not model.multilabel:
        lines, value = c_formula(unit.of_one, "z2[0]")
        own = "".join(f"        {line}\n" for line in lines)
        pair = f"    {{\n{own}        out[1] = {value};\n        out[0] = 1 - out[1];\n    }}\n"
        return pair, f"    return isnan(out[1]) ? -1 : out[1] > {literal(model.network.limits[0])};\n"
    lines, value = c_formula(unit.of_one, "z2[k]")
    own = "".join(f"        {line}\n" for line in lines)
    written = [f"    for (k = 0; k < N_Z; k++) {{\n{own}        out[k] = {value};\n    }}\n"]
    target = network.target
    if target is not None and not (np.all(target.center == 0) and np.all(target.scale == 1)):
        pairs = zip(target.scale, target.center, strict=True)
        written += [f"    out[{k}] = out[{k}] * {literal(scale)} + {literal(center)};\n" for k, (scale, center) in enumerate(pairs)]
    return "".join(written), ""
