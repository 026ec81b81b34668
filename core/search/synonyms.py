"""Words that citizens and offices use for one thing. Ours, written for city matters.

Each line is one thing; a search for any of its words finds the others. Words are folded and at
least two characters long, so that a single character never widens a search.
"""

GROUPS: tuple[tuple[str, ...], ...] = (
    ("城管", "执法局", "综合执法", "城市管理"),
    ("交警", "交管", "交通警察"),
    ("派出所", "公安", "民警"),
    ("社保", "社会保险", "社会保障"),
    ("医保", "医疗保险"),
    ("公积金", "住房公积金"),
    ("人社局", "人力资源"),
    ("房管局", "住建局", "住房和城乡建设"),
    ("物业", "物管"),
    ("占道经营", "流动摊贩", "路边摊"),
    ("噪音", "噪声", "扰民"),
    ("停水", "断水", "没水"),
    ("停电", "断电", "没电"),
    ("自来水", "供水"),
    ("暖气", "供暖", "供热"),
    ("燃气", "煤气", "天然气"),
    ("路灯", "照明灯"),
    ("井盖", "窨井盖"),
    ("垃圾", "废弃物"),
    ("下水道", "排水管", "污水管"),
    ("公交", "公共汽车"),
    ("出租车", "的士"),
    ("电动车", "电瓶车"),
    ("违建", "违章建筑", "违法建设"),
    ("油烟", "厨房烟气"),
    ("欠薪", "拖欠工资", "讨薪"),
    ("拆迁", "征收补偿"),
    ("幼儿园", "幼稚园"),
    ("托育", "托儿所"),
    ("敬老院", "养老院", "养老机构"),
    ("残联", "残疾人联合会"),
    ("身份证", "居民身份证"),
    ("户口本", "户口簿"),
    ("营业执照", "工商执照"),
    ("市场监管局", "工商局", "市监局"),
    ("环保局", "生态环境局"),
    ("老旧小区", "老小区"),
    ("电梯", "升降梯"),
)


def alternatives(run: str, *, most: int = 8) -> list[str]:
    """Return the stretch itself and the stretches that say the same in other words."""
    found = [run]
    for group in GROUPS:
        for word in group:
            if word in run:
                found += [run.replace(word, other) for other in group if other not in run]
                break
    return list(dict.fromkeys(found))[:most]
