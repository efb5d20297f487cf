"""What mkdocs must be told to make a site of documents that are written to be read on GitHub.

- The navigation is docs/index.md: each of its sections, and the pages that it lists.
- A link out of docs/, such as ../deploy/kubernetes.yaml, leads to a copy of that file on the site, below source/.
  Markdown becomes a page there. A link to a directory leads to its README.md, or is no link.
- Each page lies on the site as Markdown, too, where llms.txt expects it. Go files do not.
"""
import glob
import logging
import os
import posixpath
import re
import shutil
import urllib.parse

from mkdocs.structure.files import File

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTSIDE = "source/"
LOG = logging.getLogger("mkdocs.hooks.site")
FENCE = re.compile(r"^(```.*?^```$)", re.M | re.S)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
SECTION = re.compile(r"^## (.+)$|^- \[([^\]]+)\]\(([a-z0-9-]+\.md)\)", re.M)


def place(path):
    """Where a file of the repository is on the site, as a source. A README becomes the index.html of its directory."""
    if path == "README.md":
        return "index.md"
    if path.startswith("docs/"):
        return path[len("docs/"):]
    if "." not in posixpath.basename(path):  # mkdocs would take Dockerfile for a page of another site.
        path += ".txt"
    return OUTSIDE + re.sub(r"(^|/)index\.html$", r"\1page.html", path)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def on_config(config):
    nav = [{"Overview": "index.md"}]
    for section, title, page in SECTION.findall(read("docs/index.md")):
        if section:
            nav.append({section: []})
        else:
            next(iter(nav[-1].values())).append({title: page})
    config["nav"] = [entry for entry in nav if all(entry.values())]
    return config


def linked(path):
    """The files of the repository that the Markdown at path links to, with what stands in the link."""
    text = "".join(FENCE.split(read(path))[::2])
    for _, _, target in LINK.findall(text):
        name = target.partition("#")[0]
        if name and "://" not in name:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def on_files(files, config):
    for file in list(files):
        if file.src_path.endswith(".go"):
            files.remove(file)
    waiting = ["docs/" + f.src_path for f in files.documentation_pages()]
    seen = set(waiting)
    while waiting:
        for path in linked(waiting.pop()):
            path = readme(path)
            if path in seen or path.startswith("docs/") or not os.path.isfile(os.path.join(ROOT, path)):
                continue
            seen.add(path)
            if path == "README.md":
                continue
            file = File(place(path), "", config["site_dir"], config["use_directory_urls"])
            file.abs_src_path = os.path.join(ROOT, path)
            files.append(file)
            if path.endswith(".md"):
                waiting.append(path)
    return files


def readme(path):
    return path + "/README.md" if os.path.isdir(os.path.join(ROOT, path)) else path


def on_page_markdown(markdown, page, config, files):
    src = page.file.src_path
    here = src[len(OUTSIDE):] if src.startswith(OUTSIDE) else "docs/" + src

    def moved(found):
        image, text, target = found.groups()
        name, hash_sign, anchor = target.partition("#")
        if not name or "://" in name:
            return found.group(0)
        path = readme(posixpath.normpath(posixpath.join(posixpath.dirname(here), name)))
        if path.endswith("/README.md") and not os.path.exists(os.path.join(ROOT, path)):
            return text
        target = posixpath.relpath(place(path), posixpath.dirname(src) or ".")
        return f"{image}[{text}]({target}{hash_sign}{anchor})"

    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def on_post_build(config):
    docs = config["docs_dir"]
    for name in os.listdir(docs):
        if name.endswith(".md"):
            shutil.copy(os.path.join(docs, name), os.path.join(config["site_dir"], name))
    for path in glob.glob(os.path.join(config["site_dir"], "**", "*.html"), recursive=True):
        for lack in lacks(path, config["site_dir"]):
            LOG.warning("%s needs %s, which the site does not have", path, lack)


def lacks(path, site):
    """What a page of the site refers to and the site does not have; what it would load from another host, too."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    for tag, target in re.findall(r'<(\w+)[^>]* (?:src|href)="([^"#?]+)', page):
        scheme = re.match(r"[a-z]+:", target)
        if scheme and (tag == "a" or scheme[0] == "data:"):
            continue
        base = site if target.startswith("/") else os.path.dirname(path)
        local = os.path.join(base, urllib.parse.unquote(target).lstrip("/"))
        if scheme or not os.path.exists(local):
            yield target
