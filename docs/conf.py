"""How Sphinx builds the site (`make docs`): the pages of this folder, tutorials and gallery from `examples/`, and the reference."""

import re
import warnings
from importlib.metadata import version as version_of

import matplotlib as mpl

from shoal import OutsideWarning

mpl.use("agg")
warnings.filterwarnings("ignore", message=".*non-interactive.*")  # figures are saved, not shown
warnings.simplefilter("ignore", OutsideWarning)  # pictures go to the edge of the data; the pages about it turn the warning on

project = "shoal"
author = project_copyright = "The shoal developers"
release = version = version_of("shoal")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["templates"]
exclude_patterns = ["gallery/images", "**/*.ipynb", "**/*.py", "**/*.md5"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "literal"  # `so` in docstrings is code
suppress_warnings = ["config.cache"]  # the gallery's functions cannot be pickled: it is built anew

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto"]

autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False  # what `__all__` names is public
autodoc_typehints = "none"  # numpydoc's sections have them, in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "shoal"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"textbook": [], "changes": []}  # no page is below them
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["of-version"],
}


def by_number(name):
    """A key that sorts plot_2 before plot_10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py",
    "subsection_order": [f"../examples/gallery/{name}" for name in ("network", "training", "sure", "inside", "tables", "chapter")],
    "within_subsection_order": by_number,
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "min_reported_time": 10,
    "write_computation_times": False,  # their pages load a script from another host
    "ignore_repr_types": r"matplotlib\.|sklearn\.(?:calibration|metrics)|shoal\.inspection\.figures|'list'",  # the picture is there already
    "plot_gallery": True,
    "show_signature": False,
}


def skipped(app, what, name, value, skip, options):
    """What scikit-learn gives its estimators and documents in its own guide: `set_output`, a `set_…_request` for each method."""
    return True if name in ("get_metadata_routing", "set_output") or (name.startswith("set_") and name.endswith("_request")) else skip


def linked(app, what, name, value, options, lines):
    """Docstrings name a page as the file that it is; on the site it is a link."""
    lines[:] = [re.sub(r"`?\bdocs/([\w-]+)\.md`?", r":doc:`docs/\1.md </\1>`", line) for line in lines]


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", skipped)
    app.connect("autodoc-process-docstring", linked)
