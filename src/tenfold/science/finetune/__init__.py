"""Fine-tuning of causal language models, through TRL and PEFT: for `llm.finetune`, or as a library.

Light, standard library only: conversations and writings (a person's data), material (either, split
into what is learned and what is held out), facts (made-up ones), memory (what a method takes). With
torch and transformers: opening (a model folder), rows (tokens and what of them is learned), replay,
gauge (bits a byte), training, folders (adapter and merged model), exam, gate, picture.
"""
