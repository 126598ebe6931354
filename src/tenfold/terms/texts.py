"""The sentences of every Refusal, by code: (what, why, next). Another language is another table."""

TEXTS: dict[str, tuple[str, str, str]] = {
    # jobs
    "job.unknown": (
        "There is no job {id}.",
        "The ledger has no row with that id.",
        "tenfold jobs --all",
    ),
    "job.change": (
        "A job that is {state} cannot take the change '{change}'.",
        "The table of states has no such row.",
        "tenfold jobs --all",
    ),
    "job.ended": (
        "Job {id} has ended, and has no place in the queue any more.",
        "It has {state}; its priority would change nothing.",
        "tenfold jobs --all",
    ),
    "job.files": (
        "Job {id} has no files to download.",
        "It has registered none, or they are gone.",
        "tenfold explain {id}",
    ),
    "job.after": (
        "It cannot wait for job {id}.",
        "{why}",
        "tenfold jobs --all",
    ),
    "job.pause": (
        "Job {id} is a plain command and cannot be paused.",
        "It has no checkpoint: stopping it would throw away what it has done.",
        "tenfold cancel {id}, or submit it with --yields if it can start over",
    ),
    "job.too-large": (
        "This box has no place for the job, now or later.",
        "It asks for {asked}; the largest that fits here is {fits}.",
        "{next}",
    ),
    "job.memory": (
        "That is too little memory for this job.",
        "It needs about {needed:.3g} GiB ({basis}); it was given {given:.3g}.",
        "leave --memory out, or ask for a smaller --size",
    ),
    "gpu.memory": (
        "It ran out of GPU memory.",
        "Its slot had {gib:.4g} GiB.",
        "tenfold logs {id}, then a larger --slice or --memory, or params that take less",
    ),
    "job.deadline": (
        "It cannot be done by then.",
        "{why}",
        "a later --by, or an earlier --not-before",
    ),
    "job.when": (
        "Hours such as '{when}' are for batch jobs.",
        "This is a {kind} job, and somebody waits for it.",
        "leave --when out",
    ),
    "job.share": (
        "A card cannot be shared so.",
        "{why}",
        "tenfold run --help",
    ),
    "job.folder": (
        "The folder of job {id} is damaged.",
        "{why}",
        "tenfold retry {id}",
    ),
    "job.ranks": (
        "The gang lost a rank.",
        "Rank {rank} of {world} ended with exit status {status}.",
        "tenfold logs {id}",
    ),
    "rights.missing": (
        "The helper with rights cannot be asked.",
        "{why}",
        "tenfold down, then tenfold rights install",
    ),
    # commands
    "command.empty": (
        "There is no command to run.",
        "The argument list is empty or not text.",
        "tenfold run -- python train.py",
    ),
    "command.field": (
        "A command has no option '{field}'.",
        "Known are {known}.",
        "tenfold run --help",
    ),
    "command.value": (
        "The option '{field}' of the command cannot be {value!r}.",
        "It takes {wanted}.",
        "tenfold run --help",
    ),
    "command.missing": (
        "The command '{command}' does not exist here.",
        "Nothing of that name is on the PATH of {where}.",
        "give the full path, or name the environment with --env",
    ),
    "command.exit": (
        "The command ended with exit status {status}.",
        "Its own last lines are in the log.",
        "tenfold logs {id}",
    ),
    "command.cwd": (
        "The folder {cwd} does not exist here.",
        "The command was to run in it.",
        "make the folder, or name another with --cwd",
    ),
    # workloads
    "workload.unknown": (
        "There is no workload '{name}'.",
        "{near}",
        "tenfold workloads",
    ),
    "workload.broken": (
        "The workload '{name}' cannot be read.",
        "{why}",
        "correct {path}, then try again",
    ),
    "workload.hangs": (
        "The workload '{name}' cannot be read.",
        "Importing it took longer than {seconds:.0f} s.",
        "move what is slow in {path} into its run()",
    ),
    "workload.param": (
        "'{name}' does not accept {param}.",
        "{why}",
        "tenfold workloads {name}",
    ),
    "workload.size": (
        "'{name}' has no size '{size}'.",
        "It has {sizes}.",
        "tenfold run {name} --size {first}",
    ),
    "workload.requires": (
        "'{name}' needs parts that are not installed.",
        "Missing: {missing}.",
        "{next}",
    ),
    "workload.raised": (
        "The workload stopped with an error of its own.",
        "{error}",
        "tenfold logs {id}",
    ),
    "workload.depth": (
        "A child cannot have children.",
        "Job {id} is itself a child; the depth is one.",
        "let the parent spawn them",
    ),
    # environments
    "env.unknown": (
        "There is no environment '{name}'.",
        "{why}",
        "{next}",
    ),
    "env.build": (
        "The environment '{name}' could not be built.",
        "{why}",
        "tenfold env build {name}",
    ),
    # boxes and site
    "box.unknown": (
        "'{text}' is not a box.",
        "{why}",
        "tenfold up --box 10xH100-PCIe",
    ),
    "box.sxm": (
        "A single chassis of {count} {model} does not exist.",
        "SXM boards hold 4 or 8 cards; {count} of them are several nodes.",
        "tenfold up --box {instead}",
    ),
    "box.speed": (
        "The clock of a box cannot run {speed} times as fast.",
        "It goes forward, at a speed above 0.",
        "tenfold up --box 10xH100-PCIe --speed 60",
    ),
    "box.file": (
        "The box file {path} cannot be read.",
        "{why}",
        "edit {path}",
    ),
    "box.field": (
        "The field '{field}' in {path} cannot be {value!r}.",
        "{why}",
        "edit {path}",
    ),
    "site.config": (
        "The setting '{field}' in {path} cannot be {value!r}.",
        "{why}",
        "edit {path}",
    ),
    "site.moved": (
        "The place is described in {old}, where nobody looks any more.",
        "Its section [site] may hold a limit, and it has a file of its own now.",
        "{next}",
    ),
    "site.idle": (
        "The place allows {watts:,.0f} W, and the idle box draws {idle_w:,.0f} W.",
        "That is from {when}, by {limit}.",
        "raise that limit in site.toml, or take a smaller box with --box",
    ),
    "site.exists": (
        "There is a file {path} already.",
        "It would be written over.",
        "edit {path}, or tenfold site init --force",
    ),
    "site.write": (
        "The file {path} cannot be written.",
        "{why}",
        "name another with --file",
    ),
    "site.changed": (
        "The settings in {path} were changed meanwhile.",
        "What was asked for was made from an older text, and would undo that change.",
        "look at the settings again, then make the change anew",
    ),
    "site.fixed": (
        "The settings in {path} cannot be changed from here.",
        "{why}",
        "edit {path}, then tenfold down and tenfold up",
    ),
    "site.both": (
        "The settings are changed by a whole text, or by single fields.",
        "The call has {count} of 'toml' and 'set', and it takes one.",
        "send one of the two",
    ),
    "site.sxm": (
        "A single chassis of {count} {model} does not exist, so no wall is judged for it.",
        "SXM boards hold 4 or 8 cards. Buy several nodes of SXM cards, or PCIe or NVL cards, of"
        " which one chassis holds up to ten.",
        "tenfold site --box {instead}",
    ),
    "site.file": (
        "The file {path} cannot be read.",
        "{why}",
        "tenfold site --help",
    ),
    "site.out": (
        "The page cannot be written to {folder}.",
        "{why}",
        "name another folder with --out",
    ),
    # curves of the owner's own cards
    "calibrate.declared": (
        "A declared box has no card to measure.",
        "All that it shows is modelled, how limits slow its cards included.",
        "tenfold down, then tenfold up --box auto",
    ),
    "calibrate.cards": (
        "There is no NVIDIA card to measure.",
        "Published curves of other cards are used: at 70 % of its highest limit a card that"
        " computes keeps 91 % of its speed, at 60 % it keeps 85 %; light work keeps 98 % there,"
        " and writing text with a language model all of it.",
        "tenfold doctor",
    ),
    "calibrate.card": (
        "There is no card {card} to measure.",
        "{why}",
        "tenfold status",
    ),
    "calibrate.rights": (
        "Power limits cannot be set as a measurement needs them.",
        "{why}",
        "tenfold rights install; where they are granted, end what else draws: tenfold status",
    ),
    "calibrate.meter": (
        "The card {card} cannot be measured.",
        "{why}",
        "tenfold doctor",
    ),
    "curves.file": (
        "The measured curves in {path} cannot be used.",
        "{why}",
        "correct the file, or remove it and measure anew: tenfold calibrate",
    ),
    # a week to plan
    "week.file": (
        "The week file {file} cannot be planned.",
        "{why}",
        "{next}",
    ),
    "week.unknown": (
        "The field '{field}' of {where} is unknown.",
        "{why}",
        "edit {place}",
    ),
    "week.field": (
        "The field '{field}' of {where} cannot be {value!r}.",
        "{why}",
        "edit {place}",
    ),
    "week.job": (
        "The {where} cannot be planned.",
        "{why}",
        "{next}",
    ),
    "plan.file": (
        "The file {path} cannot be read.",
        "{why}",
        "tenfold plan --help",
    ),
    "plan.out": (
        "The pictures cannot be written to {folder}.",
        "{why}",
        "name another folder with --out",
    ),
    "plan.slow": (
        "The plan is not ready after {seconds:.0f} s.",
        "{jobs} jobs on {box} are more than can be played in that time.",
        "plan fewer jobs, or fewer days",
    ),
    "plan.busy": (
        "Another plan is being made.",
        "They are made one at a time, so that the daemon is not held up.",
        "wait for it, then try again",
    ),
    # what the box is good for
    "fit.table": (
        "The table {path} cannot be used.",
        "{why}",
        "edit {path}",
    ),
    # daemon, home, ledger
    "daemon.absent": (
        "No daemon answers for {home}.",
        "{why}",
        "tenfold up",
    ),
    "daemon.second": (
        "A daemon already looks after {home}.",
        "Its process is {pid}; there is one daemon per home.",
        "tenfold status, or tenfold down",
    ),
    "daemon.port": (
        "The port {port} cannot be used.",
        "{why}",
        "tenfold up --port {other}",
    ),
    "daemon.start": (
        "The daemon did not come up.",
        "{why}",
        "tenfold up",
    ),
    "daemon.stays": (
        "The daemon is still there.",
        "Process {pid} did not end within {seconds:.0f} s.",
        "tenfold down, or kill {pid}",
    ),
    "home.unwritable": (
        "The home {home} cannot be written.",
        "{why}",
        "TENFOLD_HOME=/a/folder/of/yours tenfold up",
    ),
    "ledger.newer": (
        "The ledger in {home} was written by a newer Tenfold.",
        "Its version is {found}; this one knows versions up to {known}.",
        "upgrade Tenfold, or use another home: TENFOLD_HOME=... tenfold up",
    ),
    "ledger.damaged": (
        "The ledger in {home} cannot be read.",
        "{why}",
        "put back a copy of ledger.sqlite, or use another home: TENFOLD_HOME=... tenfold up",
    ),
    "disk.full": (
        "The disk is full.",
        "{why}",
        "{next}",
    ),
    # the API's door
    "api.token": (
        "This call carries no valid token.",
        "Every call needs the token that only the owner of the home can read.",
        "{next}",
    ),
    "api.host": (
        "The Host '{host}' is not this daemon.",
        "It answers only to its own address, so that no web page can reach it by another name.",
        "use {own}",
    ),
    "api.origin": (
        "A page from '{origin}' may not ask this daemon.",
        "Only pages that it served itself may.",
        "use {own}",
    ),
    "api.json": (
        "The body of this call is not JSON.",
        "{why}",
        "send Content-Type: application/json",
    ),
    "api.broken": (
        "The daemon could not answer {path}.",
        "It stumbled over {error}.",
        "look into daemon.log in the home; what was acknowledged before is safe",
    ),
    "api.large": (
        "The body of this call is too large.",
        "At most {most} MiB are read.",
        "send it in several calls",
    ),
    "api.route": (
        "There is no such address here.",
        "{path} is not a route of the API.",
        "see /docs",
    ),
    # services and the proxy before them
    "service.port": (
        "The port {port} cannot be given to a second service.",
        "Job {id} has it; one of the two would be asked for the other.",
        "leave --port out and listen on $PORT, or name another",
    ),
    "service.sleep": (
        "Only a service can fall asleep.",
        "This is a {kind} job: nobody would wake it.",
        "leave --sleep-after out, or say --service",
    ),
    "proxy.request": (
        "This request is not passed on.",
        "{why}",
        "correct the program that sent it",
    ),
    "proxy.unknown": (
        "There is no service '{name}'.",
        "Services that have not ended: {known}.",
        "tenfold jobs",
    ),
    "proxy.waits": (
        "The service '{name}' does not answer yet.",
        "{why}",
        "tenfold explain {id}",
    ),
    "proxy.paused": (
        "The service '{name}' is paused.",
        "Only its owner lets it go on.",
        "tenfold resume {id}",
    ),
    "proxy.broken": (
        "The service '{name}' did not answer.",
        "{why}",
        "tenfold logs {id}",
    ),
    "proxy.full": (
        "Too many connections are open.",
        "The proxy takes so many at a time, and no more.",
        "close some, or try again in a moment",
    ),
    # the gateway to the models, and its keys
    "gateway.key": (
        "This request carries no key that is known here.",
        "Models are asked with an API key of yours, or with the token of the home.",
        "tenfold keys add NAME",
    ),
    "gateway.path": (
        "The gateway has no {path}.",
        "It has {known}.",
        "ask one of these, or the service at its own address (tenfold status)",
    ),
    "gateway.body": (
        "This request cannot be understood.",
        "{why}",
        "send a JSON object with the fields 'model' and 'messages'",
    ),
    "gateway.large": (
        "This request is too large.",
        "The gateway takes bodies of at most {most}.",
        "send less at once, or ask the service at its own address (tenfold status)",
    ),
    "gateway.model": (
        "There is no model '{model}'.",
        "Models that can be asked: {known}.",
        "name one of these, or start it: tenfold run llm.serve --help",
    ),
    "gateway.which": (
        "It is not clear which model of the service '{name}' is meant.",
        "It has several: {known}.",
        "name one as {name}/MODEL",
    ),
    "gateway.starts": (
        "There is no model '{model}' yet.",
        "Services on their way, whose models are not known yet: {names}.",
        "try again in a moment (tenfold status)",
    ),
    "gateway.full": (
        "Too many requests are under way.",
        "{why}",
        "try again in a moment, with fewer at once",
    ),
    "gateway.broke": (
        "The service '{name}' ended in the middle of its answer.",
        "{why}",
        "ask again: the next request waits until it is back (tenfold explain {id})",
    ),
    "keys.name": (
        "A key cannot be called '{name}'.",
        "A name has letters, digits, dots and dashes, at most 64 of them.",
        "tenfold keys add laptop",
    ),
    "keys.taken": (
        "There is a key '{name}' already.",
        "It is shown only once, when it is made.",
        "tenfold keys remove {name}, or another name",
    ),
    "keys.unknown": (
        "There is no key '{name}'.",
        "Keys that were made: {known}.",
        "tenfold keys",
    ),
    "keys.file": (
        "The list of keys cannot be used.",
        "{why}",
        "correct {path}, or remove it and make new keys",
    ),
    # talking to a model
    "chat.none": (
        "No language model is up.",
        "{why}",
        "tenfold run llm.serve --model FOLDER --detach, then tenfold chat",
    ),
    "chat.starts": (
        "No language model is up yet.",
        "On their way: {names}.",
        "try again in a moment (tenfold status)",
    ),
    "chat.which": (
        "It is not clear which model is meant.",
        "There are several: {known}.",
        "tenfold chat MODEL",
    ),
    "chat.absent": (
        "The gateway to the models cannot be asked.",
        "{why}",
        "{next}",
    ),
    "chat.said": (
        "The model '{model}' did not answer.",
        "It said: {why}",
        "{next}",
    ),
    "chat.empty": (
        "There is nothing to ask.",
        "The question that came in is empty.",
        "echo 'your question' | tenfold chat {model}",
    ),
    "wire.shape": (
        "What was sent does not have the shape of {kind}.",
        "{error}",
        "see /docs",
    ),
    # the command line
    "cli.command": (
        "There is no command '{name}'.",
        "{why}",
        "tenfold --help",
    ),
    "cli.usage": (
        "These words are not understood.",
        "{why}",
        "tenfold {command} --help",
    ),
    "cli.dashes": (
        "It is not clear what to run.",
        "The workload's name comes first, then its options; here '{word}' is in its place.",
        "tenfold run NAME --help, or for a command: tenfold run -- COMMAND",
    ),
    "cli.command-dashes": (
        "There is no workload '{name}'.",
        "There is a command of that name; commands go after two dashes.",
        "tenfold run -- {words}",
    ),
    "cli.moment": (
        "'{text}' is not a moment.",
        "It takes a time such as 18:30, 'Fri 07:00', 2026-12-24T18:00 or +2h.",
        "tenfold run --help",
    ),
    "cli.duration": (
        "'{text}' is not a duration.",
        "It takes seconds, or numbers with d, h, m and s.",
        "write 90, 30s, 2h or 1h30m",
    ),
    # fine-tuning
    "finetune.world": (
        "Fine-tuning runs on one device.",
        "It was given {world}.",
        "run it without asking for more than one",
    ),
    "finetune.base": (
        "There is no model to fine-tune.",
        "No model is given, and at this size none is made in the run.",
        "give --model with a folder or a hub id, or --size desk",
    ),
    "finetune.qlora": (
        "QLoRA needs a GPU.",
        "Its 4-bit kernels (bitsandbytes) do not train on a CPU.",
        "give --method lora, or run it on a GPU",
    ),
    "finetune.large": (
        "The model is too large for this slot.",
        "{model} by {method} takes {peak:.3g} GB; the slot has {room:.3g} GB.",
        "{next}",
    ),
    "finetune.model": (
        "There is no model in {model}.",
        "{why}",
        "give the full path of a Hugging Face folder of a causal model as --model",
    ),
    "finetune.hub": (
        "The model {model} cannot be had.",
        "It is not in the local cache, and the hub does not give it: {why}",
        "download it where there is a network, and give its folder's full path as --model",
    ),
    "finetune.weights": (
        "The weights in {model} are not whole.",
        "{why}",
        "copy or download the folder again; its model.safetensors is damaged or incomplete",
    ),
    "finetune.tokenizer": (
        "There is no tokenizer in {model}.",
        "{why}",
        "put the tokenizer.json and tokenizer_config.json of this model beside its weights",
    ),
    "finetune.vocabulary": (
        "Tokenizer and model of {model} do not belong together.",
        "The tokenizer has {tokens} tokens, the model's embedding {rows} rows.",
        "put the tokenizer that the model was trained with into its folder",
    ),
    "finetune.end": (
        "The tokenizer of {model} has no end token.",
        "Without one the model can never learn to stop.",
        "set eos_token in its tokenizer_config.json",
    ),
    "finetune.template": (
        "The chat template of {model} does not tell which words are the assistant's.",
        "It has no generation marks, and it is none of those that TRL knows.",
        "put generation marks around these words in its chat_template.jinja, or remove that file"
        " to get Tenfold's own",
    ),
    "finetune.stop": (
        "The chat template of {model} does not end what the assistant says.",
        "No special token stands within the words that are learned, so the model would never stop.",
        "move the end token inside the generation marks of its chat_template.jinja",
    ),
    "finetune.context": (
        "A context of {asked} tokens is beyond the model's.",
        "It was made for at most {limit}.",
        "give --context {limit} or less",
    ),
    "finetune.long": (
        "No conversation fits into {length} tokens.",
        "All {count} are longer.",
        "give a larger --context, or shorter conversations",
    ),
    "finetune.adapter": (
        "The adapter {adapter} was not made for {base}.",
        "{why}",
        "give --model the base that its adapter_config.json names, as it was then",
    ),
    "finetune.data": (
        "There is no data at {path}.",
        "Nothing has that name.",
        "give the full path of a .jsonl, a .csv or a folder as --data",
    ),
    "finetune.empty": (
        "There is nothing to learn in {path}.",
        "{why}",
        "give a file with conversations, or a folder with notes, as --data",
    ),
    "finetune.binary": (
        "{path} is no text.",
        "It has bytes that UTF-8 text does not have.",
        "export it as UTF-8 .jsonl, .csv, .txt or .md",
    ),
    "finetune.line": (
        "Line {line} of {path} is no conversation.",
        "{why}",
        'give each line a list "messages", each of them with "role" and "content"',
    ),
    "finetune.roles": (
        "The roles in line {line} of {path} cannot be learned from.",
        "{why}",
        "name them system (first, if at all), user and assistant, by turns, the assistant last",
    ),
    "finetune.columns": (
        "The table {path} has no questions and answers.",
        "Its columns are: {columns}.",
        "name two columns question and answer",
    ),
    "finetune.no-text": (
        "There is no writing in {path}.",
        "None of its {there} files is a .txt, .md or .eml with text.",
        "give a folder with notes or mails as --data",
    ),
    "finetune.little": (
        "There is too little writing in {path}.",
        "It has {size} bytes of different text; to learn a style and to judge it takes {least}.",
        "add more of your own text to it",
    ),
    # documents that are asked
    "ask.empty": (
        "There is no question.",
        "The text, or the file that it names, is empty.",
        "tenfold run llm.ask --index FOLDER --question QUESTION",
    ),
    "ask.context": (
        "The question does not fit the model's context.",
        "It and the rules take {needed} tokens; {left} are left beside the answer.",
        "ask a shorter question, allow a shorter answer, or take a model with a longer context",
    ),
    "ask.service": (
        "The service at {url} did not answer as '{name}'.",
        "{why}",
        "tenfold status, or look at --model, --model-name and --key-file",
    ),
    "ask.key": (
        "The key file {path} cannot be read.",
        "{why}",
        "give the full path of a file with the key of the service as --key-file",
    ),
    "ask.model": (
        "{folder} is not a model that can answer.",
        "{why}",
        "give the folder that llm.finetune wrote as --model, or leave it out for an extract",
    ),
    "ask.transformers": (
        "A model folder needs transformers, which is not installed.",
        "{why}",
        "pip install 'tenfold[serve]', or leave --model out for an extract",
    ),
    "index.missing": (
        "There is no index in {folder}.",
        "{why}",
        "tenfold run llm.index --documents FOLDER --index FOLDER",
    ),
    "index.damaged": (
        "The index in {folder} cannot be read.",
        "SQLite says: {why}.",
        "remove {file} in it and run llm.index again: the documents are still there",
    ),
    "index.other": (
        "{index} is the index of another folder.",
        "It was made of {made}; this run is about {documents}.",
        "give another folder as --index",
    ),
    "index.documents": (
        "There is no folder {folder}.",
        "{why}",
        "give the full path of a folder of documents as --documents",
    ),
    "index.empty": (
        "There is nothing to index in {folder}.",
        "It is empty, or all of its files are hidden.",
        "give a folder with documents as --documents",
    ),
    "index.unread": (
        "There is nothing to index in {folder}.",
        "None of its {count} files has text that can be read; the manifest says why.",
        "give a folder with documents as --documents",
    ),
    "index.embedder": (
        "{folder} is not a sentence-transformers model.",
        "{why}",
        "give the full path of a folder that SentenceTransformer.save wrote as --embedder",
    ),
    "index.embedder-extra": (
        "An embedder needs sentence-transformers, which is not installed.",
        "{why}",
        "pip install 'tenfold[embed]', or leave --embedder out",
    ),
    "profile.large": (
        "The profile is too long to give to a model each time.",
        "{path} has {size} bytes; {most} are allowed.",
        "shorten it, or make a document of it",
    ),
    "profile.folder": (
        "There is no folder {folder}.",
        "A profile stands in the folder of an index.",
        "tenfold run llm.index --documents FOLDER --index FOLDER",
    ),
    "profile.nothing": (
        "There is nothing to remember.",
        "The text is empty.",
        "say what to remember",
    ),
    "profile.line": (
        "The profile has no line '{what}'.",
        "It has {lines} lines.",
        "python -m tenfold.science.retrieval.profile INDEX show",
    ),
}
