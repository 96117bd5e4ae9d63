// SPDX-License-Identifier: GPL-2.0
/*
 * The control virtqueue: one command at a time, polled for at most five seconds. A command that was
 * given up stays with the device, and until it has been answered there is no other.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "internal.h"

struct vc_desc {
	__le64 addr;
	__le32 len;
	__le16 flags;
	__le16 next;
};

struct vc_commands {
	struct vc_desc desc[VC_CTRL_SIZE];
	struct {
		__le16 flags;
		__le16 idx;
		__le16 ring[VC_CTRL_SIZE];
		__le16 used_event;
	} avail __aligned(64);
	struct virtio_crypto_op_ctrl_req req __aligned(64);
	u8 key[VC_MAX_KEY] __aligned(64);
	u8 auth_key[VC_MAX_KEY];
};

struct vc_answers {
	struct {
		__le16 flags;
		__le16 idx;
		struct {
			__le32 id;
			__le32 len;
		} ring[VC_CTRL_SIZE];
		__le16 avail_event;
	} used;
	struct virtio_crypto_session_input answer __aligned(64);
};

static_assert(sizeof(struct vc_commands) <= PAGE_SIZE);
static_assert(sizeof(struct vc_answers) <= PAGE_SIZE);
static_assert(sizeof(struct virtio_crypto_op_ctrl_req) == 72);

static struct vc_commands *ctrl_commands(struct vc_device *vc)
{
	return page_address(uacce_mem_page(vc->ctrl.commands, 0));
}

static struct vc_answers *ctrl_answers(struct vc_device *vc)
{
	return page_address(uacce_mem_page(vc->ctrl.answers, 0));
}

/* Lock is held; the device is in reset. */
void vc_ctrl_init(struct vc_device *vc)
{
	struct vc_commands *page = ctrl_commands(vc);

	memzero_explicit(page, PAGE_SIZE);
	memset(ctrl_answers(vc), 0, PAGE_SIZE);
	page->avail.flags = cpu_to_le16(VRING_AVAIL_F_NO_INTERRUPT);
	vc->ctrl.avail = 0;
	vc->ctrl.used = 0;
	vc->ctrl.pending = false;
	vc->ctrl.late = false;
}

void vc_ctrl_addresses(struct vc_device *vc, u64 *desc, u64 *avail, u64 *used)
{
	u64 base = vc_dev_addr(vc, vc->ctrl.commands);

	*desc = base + offsetof(struct vc_commands, desc);
	*avail = base + offsetof(struct vc_commands, avail);
	*used = vc_dev_addr(vc, vc->ctrl.answers) + offsetof(struct vc_answers, used);
}

/* ---- one command; ctrl_lock is held ---- */

static void put_desc(struct vc_device *vc, unsigned int *n, u64 addr, u32 len, bool write)
{
	struct vc_desc *d = &ctrl_commands(vc)->desc[*n];

	if (!len)
		return;
	if (*n)
		d[-1].flags |= cpu_to_le16(VRING_DESC_F_NEXT);
	d->addr = cpu_to_le64(addr);
	d->len = cpu_to_le32(len);
	d->flags = cpu_to_le16(write ? VRING_DESC_F_WRITE : 0);
	d->next = cpu_to_le16(++*n);
}

static void ctrl_send(struct vc_device *vc, u32 key_len, u32 auth_key_len, u32 answer_len)
{
	u64 in = vc_dev_addr(vc, vc->ctrl.answers) + offsetof(struct vc_answers, answer);
	u64 out = vc_dev_addr(vc, vc->ctrl.commands);
	struct vc_commands *page = ctrl_commands(vc);
	struct vc_ctrl *ctrl = &vc->ctrl;
	unsigned int n = 0;

	put_desc(vc, &n, out + offsetof(struct vc_commands, req), sizeof(page->req), false);
	put_desc(vc, &n, out + offsetof(struct vc_commands, key), key_len, false);
	put_desc(vc, &n, out + offsetof(struct vc_commands, auth_key), auth_key_len, false);
	put_desc(vc, &n, in, answer_len, true);
	memset(&ctrl_answers(vc)->answer, 0xff, sizeof(struct virtio_crypto_session_input));
	page->avail.ring[ctrl->avail % VC_CTRL_SIZE] = 0;
	/* The device may look at the index before the doorbell. */
	dma_wmb();
	WRITE_ONCE(page->avail.idx, cpu_to_le16(++ctrl->avail));
	ctrl->pending = true;
	ctrl->late = false;
	/* Orders the index before itself. */
	vp_iowrite16(ctrl->index, ctrl->doorbell);
}

/*
 * Wait for the command's end. Whoever stops the device does not wait for us: we see that it is no
 * longer active.
 */
static int ctrl_wait(struct vc_device *vc, unsigned int ms, bool killable)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);
	struct vc_commands *page = ctrl_commands(vc);
	bool late;

	for (;;) {
		if (!READ_ONCE(vc->active) || READ_ONCE(vc->failed))
			return -EIO;
		late = vc->ctrl.late || time_after(jiffies, end);
		if (le16_to_cpu(READ_ONCE(ctrl_answers(vc)->used.idx)) == (u16)(vc->ctrl.used + 1))
			break;
		if (late) {
			vc->ctrl.late = true;
			return -ETIMEDOUT;
		}
		if (killable && fatal_signal_pending(current))
			return -EINTR;
		usleep_range(20, 100);
	}
	/* The answer is no older than the index. */
	dma_rmb();
	vc->ctrl.used++;
	vc->ctrl.pending = false;
	memzero_explicit(page->key, sizeof(page->key) + sizeof(page->auth_key));
	return 0;
}

static void orphan_add(struct vc_device *vc, u64 id, u32 service)
{
	struct vc_session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	/* Out of memory: the device keeps it until it is reset. */
	if (!s)
		return;
	s->id = id;
	s->service = service;
	s->epoch = vc->epoch;
	list_add_tail(&s->list, &vc->orphans);
}

/* What came of a command that was given up? A session of nobody's has to go. */
static int ctrl_settle(struct vc_device *vc, bool killable)
{
	struct virtio_crypto_session_input *answer = &ctrl_answers(vc)->answer;
	int ret;

	if (!vc->ctrl.pending)
		return 0;
	ret = ctrl_wait(vc, VC_SETTLE_MS, killable);
	if (!ret && vc->ctrl.pending_service != UINT_MAX &&
	    le32_to_cpu(READ_ONCE(answer->status)) == VIRTIO_CRYPTO_OK)
		orphan_add(vc, le64_to_cpu(READ_ONCE(answer->session_id)),
			   vc->ctrl.pending_service);
	return ret;
}

/* ---- creation ---- */

static const u32 create_opcode[] = {
	[VIRTIO_CRYPTO_SERVICE_CIPHER] = VIRTIO_CRYPTO_CIPHER_CREATE_SESSION,
	[VIRTIO_CRYPTO_SERVICE_HASH] = VIRTIO_CRYPTO_HASH_CREATE_SESSION,
	[VIRTIO_CRYPTO_SERVICE_MAC] = VIRTIO_CRYPTO_MAC_CREATE_SESSION,
	[VIRTIO_CRYPTO_SERVICE_AEAD] = VIRTIO_CRYPTO_AEAD_CREATE_SESSION,
};

static const u32 destroy_opcode[] = {
	[VIRTIO_CRYPTO_SERVICE_CIPHER] = VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION,
	[VIRTIO_CRYPTO_SERVICE_HASH] = VIRTIO_CRYPTO_HASH_DESTROY_SESSION,
	[VIRTIO_CRYPTO_SERVICE_MAC] = VIRTIO_CRYPTO_MAC_DESTROY_SESSION,
	[VIRTIO_CRYPTO_SERVICE_AEAD] = VIRTIO_CRYPTO_AEAD_DESTROY_SESSION,
};

static u32 virtio_service(const struct uacce_vc_session *s)
{
	return s->service == UACCE_VC_CHAIN ? VIRTIO_CRYPTO_SERVICE_CIPHER : s->service;
}

static bool announced(u64 mask, u32 algo)
{
	return algo && algo < 64 && mask & BIT_ULL(algo);
}

static bool knows_service(struct vc_device *vc, u32 service)
{
	return le32_to_cpu(vc->config.crypto_services) & BIT(service);
}

static bool knows_cipher(struct vc_device *vc, u32 algo)
{
	return knows_service(vc, VIRTIO_CRYPTO_SERVICE_CIPHER) &&
	       announced(le32_to_cpu(vc->config.cipher_algo_l) |
			 (u64)le32_to_cpu(vc->config.cipher_algo_h) << 32, algo);
}

static bool knows_hash(struct vc_device *vc, u32 algo)
{
	return knows_service(vc, VIRTIO_CRYPTO_SERVICE_HASH) &&
	       announced(le32_to_cpu(vc->config.hash_algo), algo);
}

static bool knows_mac(struct vc_device *vc, u32 algo)
{
	return knows_service(vc, VIRTIO_CRYPTO_SERVICE_MAC) &&
	       announced(le32_to_cpu(vc->config.mac_algo_l) |
			 (u64)le32_to_cpu(vc->config.mac_algo_h) << 32, algo);
}

static bool knows_aead(struct vc_device *vc, u32 algo)
{
	return knows_service(vc, VIRTIO_CRYPTO_SERVICE_AEAD) &&
	       announced(le32_to_cpu(vc->config.aead_algo), algo);
}

static bool knows_algorithms(struct vc_device *vc, const struct uacce_vc_session *s)
{
	switch (s->service) {
	case UACCE_VC_CIPHER:
		return knows_cipher(vc, s->algo);
	case UACCE_VC_HASH:
		return knows_hash(vc, s->hash_algo);
	case UACCE_VC_MAC:
		return knows_mac(vc, s->hash_algo);
	case UACCE_VC_AEAD:
		return knows_aead(vc, s->algo);
	default:
		return knows_cipher(vc, s->algo) &&
		       (s->hash_mode == VIRTIO_CRYPTO_SYM_HASH_MODE_AUTH ?
			knows_mac(vc, s->hash_algo) : knows_hash(vc, s->hash_algo));
	}
}

static int check_keys(struct vc_device *vc, const struct uacce_vc_session *s, bool key, bool auth)
{
	u32 most = min_t(u32, le32_to_cpu(vc->config.max_cipher_key_len), VC_MAX_KEY);
	u32 most_auth = min_t(u32, le32_to_cpu(vc->config.max_auth_key_len), VC_MAX_KEY);

	if (key ? !s->key_len || s->key_len > most : s->key_len || s->key)
		return -EINVAL;
	if (auth ? !s->auth_key_len || s->auth_key_len > most_auth : s->auth_key_len || s->auth_key)
		return -EINVAL;
	return 0;
}

/* Whatever a kind of session has no use for has to be 0. */
static int check_session(struct vc_device *vc, const struct uacce_vc_session *s)
{
	bool chain = s->service == UACCE_VC_CHAIN;
	bool crypt = chain || s->service == UACCE_VC_CIPHER || s->service == UACCE_VC_AEAD;
	bool hash = chain || s->service == UACCE_VC_HASH || s->service == UACCE_VC_MAC;
	bool auth = s->service == UACCE_VC_MAC ||
		    (chain && s->hash_mode == VIRTIO_CRYPTO_SYM_HASH_MODE_AUTH);
	bool digest = hash || s->service == UACCE_VC_AEAD;
	bool aad = chain || s->service == UACCE_VC_AEAD;

	if ((!crypt && !hash) || s->reserved)
		return -EINVAL;
	if (crypt ? s->op != VIRTIO_CRYPTO_OP_ENCRYPT && s->op != VIRTIO_CRYPTO_OP_DECRYPT :
		    s->op || s->algo)
		return -EINVAL;
	if ((!hash && s->hash_algo) || !digest != !s->digest_len || (!aad && s->aad_len))
		return -EINVAL;
	if (chain ? s->order - 1 > 1 || s->hash_mode - 1 > 1 : s->order || s->hash_mode)
		return -EINVAL;
	if (!knows_algorithms(vc, s))
		return -EOPNOTSUPP;
	return check_keys(vc, s, crypt, auth);
}

static void build_sym(struct virtio_crypto_sym_create_session_req *req,
		      const struct uacce_vc_session *s)
{
	struct virtio_crypto_alg_chain_session_para *chain = &req->u.chain.para;
	struct virtio_crypto_cipher_session_para cipher = {
		.algo = cpu_to_le32(s->algo),
		.keylen = cpu_to_le32(s->key_len),
		.op = cpu_to_le32(s->op),
	};

	if (s->service == UACCE_VC_CIPHER) {
		req->op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER);
		req->u.cipher.para = cipher;
		return;
	}
	req->op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING);
	chain->alg_chain_order = cpu_to_le32(s->order);
	chain->hash_mode = cpu_to_le32(s->hash_mode);
	chain->cipher_param = cipher;
	chain->aad_len = cpu_to_le32(s->aad_len);
	/* The hash's parameters are the first two of the MAC's. */
	chain->u.mac_param.algo = cpu_to_le32(s->hash_algo);
	chain->u.mac_param.hash_result_len = cpu_to_le32(s->digest_len);
	chain->u.mac_param.auth_key_len = cpu_to_le32(s->auth_key_len);
}

static void build_create(struct virtio_crypto_op_ctrl_req *req, const struct uacce_vc_session *s,
			 const struct vc_client *client)
{
	u32 service = virtio_service(s);

	memset(req, 0, sizeof(*req));
	req->header.opcode = cpu_to_le32(create_opcode[service]);
	req->header.queue_id = cpu_to_le32(client->vq ? client->vq->index : 0);
	switch (service) {
	case VIRTIO_CRYPTO_SERVICE_CIPHER:
		req->header.algo = cpu_to_le32(s->algo);
		build_sym(&req->u.sym_create_session, s);
		break;
	case VIRTIO_CRYPTO_SERVICE_HASH:
		req->header.algo = cpu_to_le32(s->hash_algo);
		req->u.hash_create_session.para.algo = cpu_to_le32(s->hash_algo);
		req->u.hash_create_session.para.hash_result_len = cpu_to_le32(s->digest_len);
		break;
	case VIRTIO_CRYPTO_SERVICE_MAC:
		req->header.algo = cpu_to_le32(s->hash_algo);
		req->u.mac_create_session.para.algo = cpu_to_le32(s->hash_algo);
		req->u.mac_create_session.para.hash_result_len = cpu_to_le32(s->digest_len);
		req->u.mac_create_session.para.auth_key_len = cpu_to_le32(s->auth_key_len);
		break;
	default:
		req->header.algo = cpu_to_le32(s->algo);
		req->u.aead_create_session.para.algo = cpu_to_le32(s->algo);
		req->u.aead_create_session.para.key_len = cpu_to_le32(s->key_len);
		req->u.aead_create_session.para.hash_result_len = cpu_to_le32(s->digest_len);
		req->u.aead_create_session.para.aad_len = cpu_to_le32(s->aad_len);
		req->u.aead_create_session.para.op = cpu_to_le32(s->op);
	}
}

static int status_error(u32 status)
{
	switch (status) {
	case VIRTIO_CRYPTO_OK:
		return 0;
	case VIRTIO_CRYPTO_BADMSG:
		return -EINVAL;
	case VIRTIO_CRYPTO_NOTSUPP:
		return -EOPNOTSUPP;
	case VIRTIO_CRYPTO_INVSESS:
		return -ENOENT;
	case VIRTIO_CRYPTO_NOSPC:
		return -ENOSPC;
	case VIRTIO_CRYPTO_KEY_REJECTED:
		return -EKEYREJECTED;
	default:
		return -EIO;
	}
}

/* The device is up and ctrl_lock is held. */
static int create_locked(struct vc_client *client, struct uacce_vc_session *s, const u8 *key,
			 const u8 *auth_key, struct vc_session *session)
{
	struct vc_device *vc = client->q->uacce->priv;
	struct virtio_crypto_session_input *answer = &ctrl_answers(vc)->answer;
	struct vc_commands *page = ctrl_commands(vc);
	int ret;

	ret = ctrl_settle(vc, true);
	if (ret)
		return ret;
	build_create(&page->req, s, client);
	memcpy(page->key, key, s->key_len);
	memcpy(page->auth_key, auth_key, s->auth_key_len);
	vc->ctrl.pending_service = virtio_service(s);
	ctrl_send(vc, s->key_len, s->auth_key_len, sizeof(*answer));
	ret = ctrl_wait(vc, VC_ANSWER_MS, true);
	if (ret)
		return ret;
	s->status = le32_to_cpu(READ_ONCE(answer->status));
	ret = status_error(s->status);
	if (ret)
		return ret;
	session->id = le64_to_cpu(READ_ONCE(answer->session_id));
	session->service = virtio_service(s);
	session->epoch = vc->epoch;
	s->id = session->id;
	s->epoch = session->epoch;
	return 0;
}

static int create_with_keys(struct vc_client *client, struct uacce_vc_session *s, const u8 *key,
			    const u8 *auth_key)
{
	struct vc_device *vc = client->q->uacce->priv;
	struct vc_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!session)
		return -ENOMEM;
	ret = mutex_lock_killable(&vc->ctrl_lock);
	if (ret)
		goto err_free;
	ret = vc_ready(vc);
	if (!ret && client->nr_sessions >= VC_MAX_SESSIONS)
		ret = -ENOSPC;
	if (!ret)
		ret = create_locked(client, s, key, auth_key, session);
	if (!ret) {
		list_add(&session->list, &client->sessions);
		client->nr_sessions++;
	}
	mutex_unlock(&vc->ctrl_lock);
	if (!ret)
		return 0;
err_free:
	kfree(session);
	return ret;
}

/* NULL for none: memcpy() of nothing. */
static const u8 *get_key(struct uacce_call *call, u64 addr, u32 len)
{
	return len ? uacce_call_in(call, addr, len) : NULL;
}

/**
 * vc_create - UACCE_VC_CREATE
 * @client: whose
 * @s: also gets the device's answer
 * @call: for the keys
 */
int vc_create(struct vc_client *client, struct uacce_vc_session *s, struct uacce_call *call)
{
	struct vc_device *vc = client->q->uacce->priv;
	const u8 *key, *auth_key;
	int ret;

	s->status = UACCE_VC_NOT_ASKED;
	ret = check_session(vc, s);
	if (ret)
		return ret;
	key = get_key(call, s->key, s->key_len);
	if (IS_ERR(key))
		return PTR_ERR(key);
	auth_key = get_key(call, s->auth_key, s->auth_key_len);
	if (IS_ERR(auth_key))
		return PTR_ERR(auth_key);
	return create_with_keys(client, s, key, auth_key);
}

/* ---- the end of sessions ---- */

static int destroy_locked(struct vc_device *vc, const struct vc_session *session, bool killable)
{
	struct virtio_crypto_op_ctrl_req *req = &ctrl_commands(vc)->req;
	const u8 *status = (u8 *)&ctrl_answers(vc)->answer;
	int ret;

	ret = ctrl_settle(vc, killable);
	if (ret)
		return ret;
	memset(req, 0, sizeof(*req));
	req->header.opcode = cpu_to_le32(destroy_opcode[session->service]);
	req->u.destroy_session.session_id = cpu_to_le64(session->id);
	vc->ctrl.pending_service = UINT_MAX;
	ctrl_send(vc, 0, 0, sizeof(struct virtio_crypto_inhdr));
	ret = ctrl_wait(vc, VC_ANSWER_MS, killable);
	return ret ? ret : status_error(READ_ONCE(*status));
}

/**
 * vc_destroy - UACCE_VC_DESTROY
 * @client: whose
 * @id: of vc_create()
 *
 * The session is gone for the client whatever the device says.
 */
int vc_destroy(struct vc_client *client, u64 id)
{
	struct vc_device *vc = client->q->uacce->priv;
	struct vc_session *session;
	int ret;

	ret = mutex_lock_killable(&vc->ctrl_lock);
	if (ret)
		return ret;
	ret = -ENOENT;
	list_for_each_entry(session, &client->sessions, list) {
		if (session->id != id || session->epoch != READ_ONCE(vc->epoch) ||
		    !READ_ONCE(vc->active))
			continue;
		list_del(&session->list);
		client->nr_sessions--;
		ret = destroy_locked(vc, session, true);
		kfree(session);
		break;
	}
	mutex_unlock(&vc->ctrl_lock);
	return ret;
}

/* Sessions of a client that ends, or those that ended without it; ctrl_lock is held. */
void vc_sessions_orphan(struct vc_device *vc, struct vc_client *client, bool all)
{
	struct vc_session *session, *next;

	lockdep_assert_held(&vc->ctrl_lock);
	list_for_each_entry_safe(session, next, &client->sessions, list) {
		if (!all && session->epoch == vc->epoch)
			continue;
		list_move_tail(&session->list, &vc->orphans);
		client->nr_sessions--;
	}
}

/*
 * Tell the device that orphans have no use any more, also those of before a reset: QEMU keeps them
 * then. Their numbers are not those of others, since nobody made a session after the reset.
 */
void vc_orphans_end(struct vc_device *vc, bool ask)
{
	struct vc_session *session;

	lockdep_assert_held(&vc->ctrl_lock);
	while (!list_empty(&vc->orphans)) {
		session = list_first_entry(&vc->orphans, struct vc_session, list);
		list_del(&session->list);
		if (ask) {
			int ret = destroy_locked(vc, session, false);

			ask = ret != -ETIMEDOUT && READ_ONCE(vc->active);
		}
		kfree(session);
	}
}
