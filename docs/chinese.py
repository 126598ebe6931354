"""Traditional Chinese for the generated parts of README.zh-Hant.md.

What stands in English in the catalogue and in claims.py has its translation here;
`tests/test_docs.py` fails when one is missing, or belongs to nothing any more.
"""

from __future__ import annotations

CATALOGUE_HEAD = ("工作", "它是什麼", "大小", "小型", "真實路徑", "完整")
PROOF_HEAD = ("檢驗內容", "數據", "目標", "指令", "記錄")

# Cells of the table of workloads.
CELLS = {
    "": "",
    "yes": "是",
    "no": "否",
    "no model to load": "沒有要載入的模型",
    "not run on a GPU": "未在 GPU 上執行",
}

# name of a workload -> what it is
WORKLOADS = {
    "llm.ask": "向你的文件提問，答案附上編號來源，查無所據就說「我不知道」。",
    "llm.finetune": "讓語言模型學會你的事實、你的回答或你的文風。",
    "llm.index": "讓你的文件資料夾可以搜尋，並測量找得準不準。",
    "llm.pretrain": "從零開始，用你自己的文字訓練一個小型語言模型。",
    "llm.serve": "讓任何 OpenAI 用戶端與你自己的模型對話。",
    "simulate.cavity": "流場求解器的經典測試，以圖片與兩條中心線呈現。",
    "system.calibrate": "測量功率上限使這張卡慢多少、省多少電。",
    "system.command": "在分配到的資源上執行你自己的程式。",
    "system.notebook": "在分配到的資源上執行 JupyterLab。",
}

# Claim.what -> the same
CLAIMS: dict[str, str] = {
    "The proxy before services: what it adds to a small request (p50), beyond a fresh connection"
    " to the service": "服務前的代理：對小型請求增加的時間（p50），與直接新建連線相比",
    "The proxy before services: requests a second, as a share of those with fresh connections"
    " to the service": "服務前的代理：每秒請求數，占直接新建連線的比例",
    "The gateway to the models: what it adds to the first token of a stream, and to each other"
    " (p50)": "模型閘道：對串流回答的第一個 token 以及其後每個 token 增加的時間（p50）",
    "The gateway to the models: tokens a second that it passes on, to one client and to 32": (
        "模型閘道：每秒轉送的 token 數，一個用戶端與 32 個用戶端"
    ),
    "1,300 clients that ask the gateway at once: answered, told to try again, lost; its memory": (
        "1,300 個用戶端同時要求閘道：得到回答、被請稍後再試、遺失；它的記憶體"
    ),
    "Setup with empty caches, beside what it downloads and takes on disk": (
        "快取全空時的安裝時間，以及下載量與磁碟用量"
    ),
    "A setup that is broken off at a random moment (`kill -9`, Ctrl-C) is whole after the next": (
        "在隨機時刻中斷安裝（`kill -9`、Ctrl-C），下一次安裝後即完整無缺"
    ),
    "A torch job through the daemon, from the request to fork to the entry of its `run` (p50)": (
        "經由背景服務啟動的 torch 工作，從要求 fork 到進入它的 `run`（p50）"
    ),
    "The same job from submit to its first training step, forked against a cold interpreter": (
        "同一個工作，從提交到第一個訓練步驟：fork 與全新直譯器的比較"
    ),
    "Training of a 51 M model of `llm.pretrain` on a GPU, MFU of 6 N' + 6 L h T operations a token,"
    " dense bf16 peak": (
        "在 GPU 上訓練 `llm.pretrain` 的 51 M 模型，MFU 以每個 token 6 N' + 6 L h T 次運算、"
        "稠密 bf16 峰值計"
    ),
    "The same, 123 M": "同上，123 M",
    "`simulate.cavity` on a GPU: speed, share of the data sheet's bandwidth, error in lid speeds": (
        "GPU 上的 `simulate.cavity`：速度、占規格表頻寬的比例、以頂蓋速度計的誤差"
    ),
    "The fork server with a CUDA build of torch: nothing opened before the fork, CUDA works"
    " after it": ("使用 CUDA 版 torch 的 fork 伺服器：fork 之前未開啟驅動程式，之後可用 CUDA"),
    "A job on a GPU through the whole daemon, submit to its first product": (
        "經由整個背景服務的 GPU 工作，從提交到第一個乘積"
    ),
    "A gang over nccl adds up right, and its bus bandwidth": (
        "以 nccl 相連的一組行程加總正確，及其匯流排頻寬"
    ),
    "Random `kill -9` of daemon, runner, ranks and fork server loses, doubles and leaves"
    " nothing": "隨機對背景服務、執行器、各 rank 與 fork 伺服器 `kill -9`：不遺失、不重複、不殘留",
    "After a power cut at any moment every acknowledged submit and outcome is there": (
        "任何時刻停電之後，每個已確認的提交與結果都還在"
    ),
    "A durable submit over HTTP, as a multiple of a bare fsync (p50, p99)": (
        "經由 HTTP 的持久提交，是單純 fsync 的幾倍（p50、p99）"
    ),
    "Durable submits a second, in batches": "成批提交時，每秒的持久提交數",
    "From submit to the first line of a no-op (p50)": "從提交到空工作印出第一行（p50）",
    "No-op jobs on two CPU shares, all done, beside other queues in the same run": (
        "兩個 CPU 核心上的空工作全部完成，與其他佇列在同一次測試中比較"
    ),
    "`tenfold --version`, more than a bare `python -c pass`": (
        "`tenfold --version` 比單純的 `python -c pass` 多花的時間"
    ),
    "`tenfold workloads`, more than a bare `python -c pass`": (
        "`tenfold workloads` 比單純的 `python -c pass` 多花的時間"
    ),
    "`simulate.cavity` at `desk`: largest error on the centre lines, in lid speeds": (
        "`simulate.cavity` 的 `desk` 大小：中心線上的最大誤差，以頂蓋速度計"
    ),
    "`simulate.cavity` at `desk`, on one core": "`simulate.cavity` 的 `desk` 大小，使用一個核心",
    "`llm.pretrain`: tokens/s of its training step, as a multiple of a tuned plain PyTorch"
    " loop's": "`llm.pretrain` 訓練步驟的 tokens/s，是調校過的單純 PyTorch 迴圈的幾倍",
    "`llm.pretrain`: bits a byte of held-out text, beside that loop after equal seconds": (
        "`llm.pretrain`：相同秒數之後，保留文字每位元組的位元數，與該迴圈比較"
    ),
    "`llm.pretrain` on 2, 5 and 10 ranks, on 3 that hold a part of the model each, and handed"
    " from 10 ranks to 7 to 1: largest relative difference of the loss at any step from one"
    " rank's": (
        "`llm.pretrain` 以 2、5、10 個行程、以 3 個各持模型一部分的行程、"
        "以及由 10 個交給 7 個再交給 1 個行程：任一步的損失與單一行程相比的最大相對差"
    ),
    "`llm.serve`, 1, 8 and 32 clients over HTTP: tokens a core-second of its process, as a"
    " multiple of `generate`'s on batches of 1, 8 and 32": (
        "`llm.serve`，1、8、32 個用戶端經由 HTTP：每核心秒的 token 數，"
        "是 `generate` 以同樣大小的批次所得的幾倍"
    ),
    "The same, as a multiple of those of `transformers serve` with continuous batching": (
        "同上，是 `transformers serve`（連續批次）的幾倍"
    ),
    "`llm.serve`, a model of 4 M parameters on one core, 1, 8 and 32 clients: tokens/s": (
        "`llm.serve`，4 M 參數的模型、一個核心，1、8、32 個用戶端：tokens/s"
    ),
    "The same: time to the first token, p50 / p99": "同上：到第一個 token 的時間，p50 / p99",
    "`llm.serve` at temperature 0: texts over HTTP that are `generate`'s, of 4": (
        "`llm.serve`，溫度為 0：經由 HTTP 的 4 段文字中，與 `generate` 相同的有幾段"
    ),
    "`llm.pretrain` at `desk`: bits a byte of held-out text, beside a tuned smoothed bigram": (
        "`llm.pretrain` 的 `desk` 大小：保留文字每位元組的位元數，與調校過的平滑二元模型比較"
    ),
    "The tour of `make demo`, from its start to its page": "`make demo` 的導覽，從開始到總覽網頁",
    "MISO's trace on eight cards, mean completion time against the best static partition of"
    " each seed, at pauses of 0, 5 and 30 s, times known": (
        "八張卡上的 MISO 軌跡，平均完成時間與各亂數種子的最佳固定切割相比，"
        "停頓 0、5、30 秒，時間已知"
    ),
    "The same with times never known, and known within 30 %": (
        "同上，時間完全未知，以及誤差三成以內"
    ),
    "The plain re-layout policy as it was published, made again: against whole cards at pauses"
    " of 0 and 30 s": "重現已發表的單純重新切割策略：與整張卡相比，停頓 0 與 30 秒",
    "One decision on ten cards with 70 slices in use and 10,000 jobs queued": (
        "十張卡、70 個使用中的切片、一萬項排隊工作時的一次決策"
    ),
    "A week of 5,000 jobs on the virtual clock": "虛擬時鐘上五千項工作的一週",
    "The owner's week on ten cards, all jobs ready at zero: makespan over a proven bound, in"
    " the order of the file and with the widest first": (
        "十張卡上的一週，所有工作一開始就可執行：總時間與已證明下限之比，依檔案順序，以及最寬者優先"
    ),
    "The same week as it arrives: waiting weighted by the cards asked for, energy and deadlines"
    " met, beside the best static layouts and whole cards first come first served": (
        "同一週照時間到來：依所需卡數加權的等待、電量與準時完成數，與最佳固定切割、整張卡先到先得相比"
    ),
    "Alibaba's openb trace on ten cards: share of the asked GPU time accepted where nobody"
    " waits, beside first-fit, best-fit and a card without geometry": (
        "openb 紀錄於十張卡：無人等待時接受的 GPU 時間，與 first-fit、best-fit、無幾何限制者相比"
    ),
    "Batches of 3 to 8 tasks on one card: makespan over the proven optimum of a relaxation,"
    " mean and worst, beside the rule without a batch and a plain molding": (
        "一張卡上三至八項任務的批次：總時間與鬆弛問題最佳解之比（平均與最差），與無批次規則、單純分配相比"
    ),
    "Batches of 10, 20, 30 and 40 tasks on one card: makespan over a proven bound": (
        "一張卡上 10、20、30、40 項任務的批次：總時間與已證明下限之比"
    ),
    "Random arrivals and faults on ten cards, judged by a program that knows nothing of Tenfold:"
    " watt-seconds over the steps of the clock, and after a fault's grace; heat of a breaker over"
    " where it trips; faults planted in the controller that are caught": (
        "十張卡上的隨機工作與故障，由不認識 Tenfold 的程式裁判：超過時間限額與故障寬限後的瓦秒數、"
        "斷路器熱量與跳脫點之比、抓到的預埋錯誤"
    ),
    "The owner's week on one circuit of 208 V and 30 A, beside the same without a limit: how much"
    " longer, energy, deadlines; with 250 W on every card; and with all jobs ready at zero": (
        "同一週只用一條 208 V、30 A 的電路，與無限制相比：延長、電量、準時完成數；"
        "每張卡固定 250 W；以及所有工作一開始就可執行"
    ),
    "The owner's week at three prices a day, in cheap hours beside any time: cost, cost above"
    " the idle box, deadlines met": (
        "同一週在一天三段電價下，便宜時段與任何時間相比：費用、扣除待機的費用、準時完成數"
    ),
    "The verdict's arithmetic beside published figures: those within 10 %, those explained": (
        "場地判定的計算與公開數字相比：一成以內者、已說明者"
    ),
    "The dashboard of ten cards with 70 slices in use and 1,000 jobs, in a browser: until the"
    " first page is painted with empty caches; page weight over the wire": (
        "十張卡、70 個使用中的切片、1,000 項工作的儀表板，在瀏覽器中："
        "快取全空時第一頁畫出的時間；傳輸的大小"
    ),
    "The same box: from a change of a job until the page shows it, median and worst of 20": (
        "同一部機器：從工作改變到頁面顯示，20 次的中位數與最差值"
    ),
    "CPU time of the daemon with five pages open and ten jobs that log ten metrics a second": (
        "開著五個頁面、十項工作每秒各記錄十個數值時，背景服務占用的 CPU"
    ),
    "Memory of the daemon over ten minutes at six times that rate, five pages open": (
        "以六倍速率連續十分鐘、開著五個頁面時，背景服務的記憶體"
    ),
    "`llm.ask` without a model on made-up documents in two languages: right source and answer"
    ' quoted; "I don\'t know" where nothing answers': (
        "`llm.ask` 不用模型，以兩種語言的虛構文件測試："
        "來源正確且引出答案；查無所據時回答「我不知道」"
    ),
    "`llm.index` of Python's standard library: documents a second; recall@1 and recall@5 of"
    " questions made of them; questions on nothing in them that are not thought known": (
        "`llm.index` 索引 Python 標準函式庫：每秒文件數；以其內容出題的 recall@1 與 recall@5；"
        "內容沒有答案的題目被認出的比例"
    ),
    "A question to an index, by its number of passages, on one thread (p50, p99)": (
        "向索引提一個問題所需時間，依段落數，單一執行緒（p50、p99）"
    ),
    "`llm.finetune` teaches 20 made-up facts with replay: told to the letter, also in a wording"
    " never trained for that person; old text forgotten, bits a byte": (
        "`llm.finetune` 以重溫教會 20 則虛構的事實：一字不差地回答，"
        "也包括從未為那個人訓練過的問法；舊文字每位元組忘記的位元數"
    ),
    "The same without replay: old text forgotten, bits a byte": (
        "同上，不重溫：舊文字每位元組忘記的位元數"
    ),
}
