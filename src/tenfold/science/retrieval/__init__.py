"""Retrieval: a folder of documents, searched by words and vectors, and answers that cite it.

    with Index.open(folder) as index:            # tenfold.science.retrieval.index
        hits = index.search("how hot did the motor get", 5)
    if answerable(hits): ...                     # tenfold.science.retrieval.hit

`words` says what a word is (Chinese, Japanese and Korean go by pairs of characters), `documents`
and the readers turn files into text with places, `chunks` cuts it, `store` is the SQLite file,
`update` brings it to the state of a folder, `score` asks it questions of its own documents,
`prompt` and `answer` make answers. This module imports nothing, so the process that reads files
nobody trusts stays small.
"""
