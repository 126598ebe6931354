"""A small Llama-shaped transformer, trained from scratch: for `llm.pretrain`, or as a library.

Light, standard library only: shape (counts, FLOPs, memory), plan (one dial derives the rest), text
(a corpus from a folder). With torch: model, training, generation. With numpy too: batches, bigram,
evaluation. With tokenizers or safetensors: tokens, folder (a Hugging Face folder).
"""
