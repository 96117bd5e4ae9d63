/* SPDX-License-Identifier: BSD-3-Clause */
/* User driver of HiSilicon SEC2: which devices it knows, queues, completions. */
#include <errno.h>

#include "sec2.h"

static bool
sec2_match(const struct wd_dev_info *info)
{
	return qm_api_version(info) >= 2 &&
		(wd_has_algorithm(info, "cipher") || wd_has_algorithm(info, "digest") ||
		wd_has_algorithm(info, "aead"));
}

static int
sec2_get_caps(struct wd_device *dev, struct wd_caps *caps)
{
	const struct wd_dev_info *info = &dev->info;

	sec2_caps(qm_api_version(info), caps);
	if (!wd_has_algorithm(info, "cipher"))
		caps->ciphers = 0;
	if (!wd_has_algorithm(info, "digest"))
		caps->auths = 0;
	if (!wd_has_algorithm(info, "aead"))
		caps->aeads = 0;
	return 0;
}

/* Everything but success, and success with an icv field that has no known meaning. */
__attribute__((noinline)) void
sec2_complete_odd(uint32_t result, struct wd_cpl *cpl)
{
	cpl->hw_status = HW_GET(SEC2_RES_ERROR_TYPE, result);
	if ((result & SEC2_RES_DONE) && HW_GET(SEC2_RES_ICV, result) == SEC2_ICV_MISMATCH)
		cpl->status = WD_AUTH_FAILED;
	else if ((result & (SEC2_RES_ERROR_TYPE | SEC2_RES_DONE)) != SEC2_RES_DONE)
		cpl->status = WD_HW_ERROR;
}

WD_INLINE void
sec2_complete(struct qm_queue *q, const void *sqe, struct wd_cpl *cpl)
{
	uint32_t result = sec2_result(sqe);

	cpl->status = WD_OK;
	cpl->hw_status = 0;
	if (wd_unlikely(!sec2_result_plain(result)))
		sec2_complete_odd(result, cpl);
}

static uint16_t
sec2_poll_special(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return qm_poll_special(wq, cpls, n, sec2_complete);
}

static uint16_t
sec2_poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return qm_poll(wq, cpls, n, sec2_complete, sec2_poll_special);
}

static void
init_pair(struct qm_pair *pair)
{
	struct hisi_sgl *sgl = (void *)pair;

	sgl->entry_sum_in_chain = 2;
	sgl->entry_sum_in_sgl = 2;
	sgl->entry_length_in_sgl = 2;
}

static int
sec2_queue_init(struct wd_queue *wq)
{
	struct qm_queue *q;
	int ret;

	if (wq->type != 0)
		return -EINVAL;
	ret = qm_queue_init(wq);
	if (ret < 0)
		return ret;
	q = wq->priv;
	for (uint32_t i = 0; i <= q->sq_mask; i++) {
		init_pair(&q->pairs[i].src);
		init_pair(&q->pairs[i].dst);
	}
	qm_set_bursts(wq, qm_api_version(&wq->dev->info) == 2 ? sec2_bd2_submit() : sec2_bd3_submit(),
		sec2_poll);
	return 0;
}

unsigned int
sec2_direct(const struct wd_queue *wq)
{
	if (wq->dev->drv != &wd_drv_hisi_sec2 || wq->poll != sec2_poll)
		return 0;
	return qm_api_version(&wq->dev->info) == 2 ? 2 : 3;
}

const struct wd_driver wd_drv_hisi_sec2 = {
	.name = "hisi_sec2",
	.kind = "sec2",
	.group = "crypto",
	.match = sec2_match,
	.caps = sec2_get_caps,
	.queue_init = sec2_queue_init,
	.queue_fini = qm_queue_fini,
	.outstanding = qm_outstanding,
	.dump = qm_dump,
	.arm = qm_arm,
	.kill = qm_kill,
	.session_size = sizeof(struct wd_session),
	.session_init_crypto = sec2_session_init,
	.session_fini = sec2_session_fini,
};
