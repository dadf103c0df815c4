// Recurses through the engine's own native functions until the stack ends.
exports.attack = () => {
  const deep = () => JSON.stringify({ toJSON: () => [1].map(() => Reflect.apply(deep, undefined, [])) });
  return deep();
};
