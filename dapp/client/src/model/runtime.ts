// What the client needs of ONNX Runtime: `onnxruntime-web/wasm` is one, `onnxruntime-node` another.
//
// It is given, not imported, so that a page loads megabytes only when somebody asks for them. The two
// packages type their tensors each in its own way, hence `any`.

export interface Runtime {
  readonly env?: { readonly versions?: { readonly web?: string; readonly node?: string } };
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  readonly Tensor: new (type: any, data: any, dims: readonly number[]) => unknown;
}

export interface Session {
  run(feeds: any, names: string[]): Promise<Record<string, any>>;
}
