// What a user of the generated client does; each answer is printed as a line of JSON.
import { ApiError, Client } from "./client.js";
import type { NewCake } from "./client.js";

declare const process: { argv: string[]; exitCode?: number };

function tell(answer: Record<string, unknown>): void {
  console.log(JSON.stringify(answer));
}

async function cakes(bakery: Client): Promise<void> {
  const opera: NewCake = {
    name: "Opéra",
    size: "large",
    price: 30.5,
    toppings: [{ name: "jam", on_top: [{ name: "sugar" }] }],
    allergens: { nuts: true },
    delivery: { kind: "courier", street: "Rue Bleue 7" },
    code: "A-1",
  };
  const added = await bakery.addCake({ body: opera });
  tell({ id: added.id, size: added.size, price: added.price, code: added.code });
  tell({ on_top: added.toppings?.[0]?.on_top?.[0]?.name, allergens: added.allergens });
  if (added.delivery?.kind === "courier") {
    tell({ kind: added.delivery.kind, street: added.delivery.street, fee: added.delivery.fee });
  }
  const plain = await bakery.addCake({ body: { name: "b?c=%64#e&é", delivery: { kind: "pickup", at: "noon" } } });
  const { id, size, price, code } = plain;
  tell({ id, size, price, code, has_pickup: plain.delivery?.kind === "pickup" });
  tell({ large: (await bakery.listCakes({ size: "large" })).map((cake) => cake.id) });
  tell({ named: (await bakery.listCakes({ name: ["Opéra", "b?c=%64#e&é"], limit: 5 })).map((cake) => cake.id) });
  const found = await bakery.findCake({ name: "Opéra" });
  tell({ found: found?.id, none: await bakery.findCake({ name: "nothing" }) });
  tell({ odd: (await bakery.findCake({ name: "b?c=%64#e&é" }))?.id });
  const replaced = await bakery.replaceCake({ cake_id: added.id, body: { name: "Éclair" } });
  tell({ name: (await bakery.readCake({ cake_id: added.id })).name, size: replaced.size });
}

async function others(bakery: Client): Promise<void> {
  const bytes = new Uint8Array(256).map((_, index) => index);
  const photo = new File([bytes], "my cat.png", { type: "image/png" });
  const body = { photo, caption: "größe & co", tags: ["a", "b"] };
  tell({ photo: await bakery.addPhoto({ cake_id: 1, body }) });
  const read = new Uint8Array(await (await bakery.readPhoto({ cake_id: 1 })).arrayBuffer());
  tell({ same: read.length === 256 && read.every((byte, index) => byte === index) });
  tell({ text: await bakery.subscribe({ body: { address: "ada+x@example.org", often: true } }) });
  tell({ who: await bakery.whoami({ "x-customer": "Ada", session: "s=1" }) });
}

async function failure(what: () => Promise<unknown>): Promise<ApiError> {
  try {
    await what();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("this should have failed");
}

async function errors(bakery: Client, url: string): Promise<void> {
  tell({ eaten: (await bakery.eatCake({ cake_id: 2 })) ?? null });
  const missing = await failure(() => bakery.readCake({ cake_id: 2 }));
  tell({ status: missing.status, detail: (missing.detail as { detail: string }).detail });
  const invalid = await failure(() => bakery.listCakes({ limit: 1000 }));
  tell({ status: invalid.status, field: (invalid.detail as { errors: { field: string }[] }).errors[0]?.field });
  tell({ status: (await failure(() => bakery.findCake({ name: "../cakes/1" }))).status });
  await bakery.findCake({ name: ".." }).catch((error: unknown) => {
    if (error instanceof TypeError) tell({ refused: ".." });
  });
  const broken = await failure(() => new Client({ baseUrl: `${url}/plain` }).readCake({ cake_id: 1 }));
  tell({ status: broken.status, detail: broken.detail });
}

async function main(url: string): Promise<void> {
  const bakery = new Client({ baseUrl: `${url}/api/`, headers: { "x-customer": "nobody" } });
  await cakes(bakery);
  await others(bakery);
  await errors(bakery, url);
  // No operation but one with members that are required can be called without them.
  // @ts-expect-error: there is no cake without a number
  void (() => bakery.readCake());
  // @ts-expect-error: there is no such size
  void (() => bakery.listCakes({ size: "huge" }));
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
