"""Vercel's public lists: frameworks, function regions, Node versions."""

from __future__ import annotations

FRAMEWORKS = (
    "nextjs", "blitzjs", "gatsby", "remix", "react-router", "astro", "hexo", "eleventy", "docusaurus-2", "docusaurus",
    "preact", "solidstart-1", "solidstart", "dojo", "ember", "vue", "scully", "ionic-angular", "angular", "polymer",
    "svelte", "sveltekit", "sveltekit-1", "ionic-react", "create-react-app", "gridsome", "umijs", "sapper", "saber",
    "stencil", "nuxtjs", "redwoodjs", "hugo", "jekyll", "brunch", "middleman", "zola", "hydrogen", "vite", "vitepress",
    "vuepress", "parcel", "fastapi", "flask", "fasthtml", "sanity-v3", "sanity", "storybook", "nitro", "hono",
    "express", "h3", "nestjs", "fastify", "xmcp", "container",
)  # fmt: skip
"""`framework` of updateProject in the API's description, October 2025."""

REGIONS = (
    "arn1", "bom1", "cdg1", "cle1", "cpt1", "dub1", "dxb1", "fra1", "gru1", "hkg1", "hnd1", "iad1", "icn1", "kix1",
    "lhr1", "pdx1", "sfo1", "sin1", "syd1", "yul1",
)  # fmt: skip
"""Where functions can run: https://vercel.com/docs/edge-network/regions."""

LISTED_FRAMEWORKS = [{"name": slug, "slug": slug} for slug in FRAMEWORKS]
"""As api-frameworks.zeit.sh gives them."""

LISTED_REGIONS = {region: {"caps": ["V2_DEPLOYMENT_CREATE"]} for region in REGIONS}
"""The regions with what they can do, as dcs.vercel-infra.com gives them."""

NODE_VERSIONS = ("24.x", "22.x", "20.x", "18.x", "16.x", "14.x", "12.x", "10.x")
"""`nodeVersion` of updateProject; the first is a new project's."""
