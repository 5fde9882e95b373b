// What a static copy carries with it: data elements of the page, compressed.

/** Whether this page is a static copy. */
export const isCopy = document.getElementById("recorded") !== null;

/** The packed data of this name in a static copy; undefined on the live page. @param {string} id @returns {Promise<any>} */
export async function unpack(id) {
  const packed = document.getElementById(id)?.textContent;
  if (!packed) return undefined;
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}
