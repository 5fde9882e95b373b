"""The header: types and functions, each field with the user's own name beside it."""

from shoal.export.c99.parts import CNames, described_cell, has_class, own_levels
from shoal.export.names import comment
from shoal.export.portable import Portable


def header(model: Portable, names: CNames) -> str:
    """Types and functions, each field with the user's own name beside it."""
    p, guard = names.prefix, f"{names.macro}_H"
    return f"""/* {p}: a shallow neural network, written by shoal. {summary(model)} */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif

{enums(model, names)}/* What a row holds. A missing number is NAN{", a missing level the first of its enum" * any(names.levels)}. */
typedef struct {{
{members(model, names)}
}} {p}_row;

enum {{ {names.macro}_OUTPUTS = {len(model.output_names)} }};

/* {"The classes" if model.is_classifier and not model.multilabel else "Names of the outputs"}, in UTF-8. */
extern const char *const {p}_outputs[{names.macro}_OUTPUTS];

{promise(model)}
{"int" if has_class(model) else "void"} {p}_predict(const {p}_row *row, double out[{names.macro}_OUTPUTS]);
{lookups(model, names)}
#ifdef __cplusplus
}}
#endif

#endif
"""


def summary(model: Portable) -> str:
    W1, _, W2, _ = model.network.merged
    K = model.network.population.K
    outputs = "1 output" if W2.shape[0] == 1 else f"{W2.shape[0]} outputs"
    members = f", {K} networks as one" if K > 1 else ""
    return f"{W1.shape[1]} encoded inputs, {W1.shape[0]} hidden units ({model.network.activation}), {outputs}{members}."


def promise(model: Portable) -> str:
    missing = "" if model.is_bare else " (a missing number is no such cell)"
    if has_class(model):
        return (
            f"/* Fills out with the probability of every class and returns the place of the likeliest. A cell that is no\n"
            f"   number makes every output NAN and returns -1{missing}. */"
        )
    what = "the probability of every output's being 1" if model.multilabel else "the predictions"
    return f"/* Fills out with {what}. A cell that is no number makes every output NAN{missing}. */"


def enums(model: Portable, names: CNames) -> str:
    """One enum a category."""
    parts = []
    for field, member, levels in zip(model.fields, names.fields, names.levels, strict=True):
        if levels:
            empty = "no value" + (f", or {comment(repr(field.levels[field.missing]))}" if field.missing < len(field.levels) else "")
            said = [empty, *(comment(repr(text)) for text in own_levels(field)), "any other text"]
            inside = "\n".join(
                f"    {level}{',' if i < len(levels) - 1 else ''} /* {text} */"
                for i, (level, text) in enumerate(zip(levels, said, strict=True))
            )
            parts.append(f"/* {comment(repr(field.name))} */\ntypedef enum {{\n{inside}\n}} {names.prefix}_{member}_level;\n\n")
    return "".join(parts)


def members(model: Portable, names: CNames) -> str:
    if names.numbered:
        return f"    double x[{len(model.fields)}];"
    return "\n".join(
        f"    {f'{names.prefix}_{member}_level' if levels else 'double'} {member}; /* {described_cell(field)} */"
        for field, member, levels in zip(model.fields, names.fields, names.levels, strict=True)
    )


def lookups(model: Portable, names: CNames) -> str:
    """One function a category: from text to its level."""
    p = names.prefix
    found = [
        f"{p}_{member}_level {p}_{member}_of(const char *text);"
        for member, levels in zip(names.fields, names.levels, strict=True)
        if levels
    ]
    return "\n/* The level of a text in UTF-8, blanks at its ends taken off; NULL and the empty text are missing. */\n" * bool(
        found
    ) + "".join(f"{line}\n" for line in found)
