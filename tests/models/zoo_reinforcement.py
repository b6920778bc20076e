"""Reinforcement learning as the tutorials and official examples write it, in a world of a few numbers: DQN, REINFORCE,
actor-critic, PPO."""

import random
from collections import deque, namedtuple


class Pole:
    """A world in plain floats, the same for both libraries: keep a drifting number near zero."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def reset(self):
        self.state, self.age = [self.rng.uniform(-0.1, 0.1) for _ in range(4)], 0
        return list(self.state)

    def step(self, action):
        a, b, c, d = self.state
        push = 0.3 if action == 1 else -0.3
        self.state = [a + 0.2 * b, b + 0.5 * push + 0.1 * c, c + 0.2 * d, d - 0.4 * push + 0.1 * a]
        self.age += 1
        return list(self.state), 1.0 - abs(self.state[0]), abs(self.state[2]) > 0.6 or self.age >= 9


def dqn(lib):
    """The tutorial: replay memory, epsilon-greedy, smooth L1, a target network moved a little at each step."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim
    Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    BATCH_SIZE, GAMMA, TAU, LR = 6, 0.99, 0.05, 1e-2
    rng = random.Random(5)

    class ReplayMemory:
        def __init__(self, capacity):
            self.memory = deque([], maxlen=capacity)

        def push(self, *args):
            """Save a transition"""
            self.memory.append(Transition(*args))

        def sample(self, batch_size):
            return rng.sample(self.memory, batch_size)

        def __len__(self):
            return len(self.memory)

    class DQN(nn.Module):
        def __init__(self, n_observations, n_actions):
            super(DQN, self).__init__()
            self.layer1 = nn.Linear(n_observations, 16)
            self.layer2 = nn.Linear(16, 16)
            self.layer3 = nn.Linear(16, n_actions)

        # Called with either one element to determine next action, or a batch
        # during optimization. Returns tensor([[left0exp,right0exp]...]).
        def forward(self, x):
            x = F.relu(self.layer1(x))
            x = F.relu(self.layer2(x))
            return self.layer3(x)

    policy_net = DQN(4, 2).to(device)
    target_net = DQN(4, 2).to(device)
    target_net.load_state_dict(policy_net.state_dict())
    optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
    memory = ReplayMemory(100)
    losses = []

    def select_action(state):
        if rng.random() > 0.3:
            with torch.no_grad():
                # t.max(1) will return the largest column value of each row.
                # second column on max result is index of where max element was found.
                return policy_net(state).max(1).indices.view(1, 1)
        else:
            return torch.tensor([[rng.randrange(2)]], device=device, dtype=torch.long)

    def optimize_model():
        if len(memory) < BATCH_SIZE:
            return
        transitions = memory.sample(BATCH_SIZE)
        # Transpose the batch. This converts batch-array of Transitions to Transition of batch-arrays.
        batch = Transition(*zip(*transitions))

        # Compute a mask of non-final states and concatenate the batch elements
        non_final_mask = torch.tensor(
            tuple(map(lambda s: s is not None, batch.next_state)), device=device, dtype=torch.bool
        )
        non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
        state_batch = torch.cat(batch.state)
        action_batch = torch.cat(batch.action)
        reward_batch = torch.cat(batch.reward)

        # Compute Q(s_t, a) - the model computes Q(s_t), then we select the columns of actions taken
        state_action_values = policy_net(state_batch).gather(1, action_batch)

        # Compute V(s_{t+1}) for all next states.
        next_state_values = torch.zeros(BATCH_SIZE, device=device)
        with torch.no_grad():
            next_state_values[non_final_mask] = target_net(non_final_next_states).max(1).values
        # Compute the expected Q values
        expected_state_action_values = (next_state_values * GAMMA) + reward_batch

        # Compute Huber loss
        criterion = nn.SmoothL1Loss()
        loss = criterion(state_action_values, expected_state_action_values.unsqueeze(1))

        # Optimize the model
        optimizer.zero_grad()
        loss.backward()
        # In-place gradient clipping
        torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
        for param in policy_net.parameters():
            param.grad.data.clamp_(-1, 1)
        optimizer.step()
        losses.append([loss.item(), F.smooth_l1_loss(state_action_values, expected_state_action_values.unsqueeze(1)).item()])

    env = Pole(0)
    durations = []
    for _i_episode in range(3):
        state = env.reset()
        state = torch.tensor(state, device=device).unsqueeze(0)
        while True:
            action = select_action(state)
            observation, reward, terminated = env.step(action.item())
            reward = torch.tensor([reward], device=device)
            next_state = None if terminated else torch.tensor(observation, device=device).unsqueeze(0)
            memory.push(state, action, next_state, reward)
            state = next_state
            optimize_model()
            # Soft update of the target network's weights: θ′ <- τ θ + (1 - τ) θ′
            target_net_state_dict = target_net.state_dict()
            policy_net_state_dict = policy_net.state_dict()
            for key in policy_net_state_dict:
                target_net_state_dict[key] = policy_net_state_dict[key] * TAU + target_net_state_dict[key] * (1 - TAU)
            target_net.load_state_dict(target_net_state_dict)
            if terminated:
                durations.append(env.age)
                break
    return [str(policy_net), str(optimizer), durations, losses, target_net.state_dict(), policy_net.state_dict()]


def reinforce(lib):
    """The official example: returns standardised over the episode, `torch.stack(policy_loss).sum()`."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    eps = torch.finfo(torch.float32).eps

    class Policy(nn.Module):
        def __init__(self):
            super(Policy, self).__init__()
            self.affine1 = nn.Linear(4, 16)
            self.dropout = nn.Dropout(p=0.6)
            self.affine2 = nn.Linear(16, 2)

            self.saved_log_probs = []
            self.rewards = []

        def forward(self, x):
            x = self.affine1(x)
            x = self.dropout(x)
            x = F.relu(x)
            action_scores = self.affine2(x)
            return F.log_softmax(action_scores, dim=1)

    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)

    def select_action(state):
        state = torch.tensor(state).unsqueeze(0)
        log_probs = policy(state)
        action = torch.multinomial(log_probs.exp(), 1)
        policy.saved_log_probs.append(log_probs.gather(1, action).squeeze(1))
        return action.item()

    def finish_episode():
        R = 0
        policy_loss = []
        returns = deque()
        for r in policy.rewards[::-1]:
            R = r + 0.99 * R
            returns.appendleft(R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + eps)
        for log_prob, R in zip(policy.saved_log_probs, returns):
            policy_loss.append(-log_prob * R)
        optimizer.zero_grad()
        policy_loss = torch.cat(policy_loss).sum()
        policy_loss.backward()
        optimizer.step()
        del policy.rewards[:]
        del policy.saved_log_probs[:]
        return policy_loss.item()

    env = Pole(1)
    running_reward, found = 10, []
    for _i_episode in range(4):
        state, ep_reward, done = env.reset(), 0, False
        while not done:
            action = select_action(state)
            state, reward, done = env.step(action)
            policy.rewards.append(reward)
            ep_reward += reward
        running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
        found.append([finish_episode(), running_reward])
    return [found, policy.state_dict()]


def actor_critic(lib):
    """The official example: two heads, log probability less value, and smooth L1 of the value."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    SavedAction = namedtuple("SavedAction", ["log_prob", "value"])

    class Policy(nn.Module):
        """
        implements both actor and critic in one model
        """

        def __init__(self):
            super(Policy, self).__init__()
            self.affine1 = nn.Linear(4, 16)
            # actor's layer
            self.action_head = nn.Linear(16, 2)
            # critic's layer
            self.value_head = nn.Linear(16, 1)

            # action & reward buffer
            self.saved_actions = []
            self.rewards = []

        def forward(self, x):
            x = F.relu(self.affine1(x))

            # actor: chooses action to take from state s_t by returning probability of each action
            action_prob = F.softmax(self.action_head(x), dim=-1)

            # critic: evaluates being in the state s_t
            state_values = self.value_head(x)

            return action_prob, state_values

    model = Policy()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    env, found = Pole(2), []
    for _i_episode in range(3):
        state, done = env.reset(), False
        while not done:
            probs, state_value = model(torch.tensor(state))
            action = torch.multinomial(probs, 1)
            model.saved_actions.append(SavedAction(torch.log(probs[action]), state_value))
            state, reward, done = env.step(action.item())
            model.rewards.append(reward)
        R, policy_losses, value_losses, returns = 0, [], [], []
        for r in model.rewards[::-1]:
            R = r + 0.99 * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + 1e-8)
        for (log_prob, value), R in zip(model.saved_actions, returns):
            advantage = R - value.item()
            # calculate actor (policy) loss
            policy_losses.append(-log_prob * advantage)
            # calculate critic (value) loss using L1 smooth loss
            value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        del model.rewards[:]
        del model.saved_actions[:]
        found.append(loss.item())
    return [str(model), found, model.state_dict()]


def ppo(lib):
    """CleanRL's update: orthogonal layers, advantages by a backward loop, minibatches, the clipped surrogate, entropy, clipping."""
    torch, nn, optim = lib, lib.nn, lib.optim

    def layer_init(layer, std=2**0.5, bias_const=0.0):
        torch.nn.init.orthogonal_(layer.weight, std)
        torch.nn.init.constant_(layer.bias, bias_const)
        return layer

    class Agent(nn.Module):
        def __init__(self):
            super().__init__()
            self.critic = nn.Sequential(
                layer_init(nn.Linear(4, 12)), nn.Tanh(), layer_init(nn.Linear(12, 12)), nn.Tanh(),
                layer_init(nn.Linear(12, 1), std=1.0),
            )  # fmt: skip
            self.actor = nn.Sequential(
                layer_init(nn.Linear(4, 12)), nn.Tanh(), layer_init(nn.Linear(12, 12)), nn.Tanh(),
                layer_init(nn.Linear(12, 2), std=0.01),
            )  # fmt: skip

        def get_value(self, x):
            return self.critic(x)

        def get_action_and_value(self, x, action=None):
            logits = self.actor(x)
            logits = logits - logits.logsumexp(dim=-1, keepdim=True)
            probs = logits.exp()
            if action is None:
                action = torch.multinomial(probs, 1).squeeze(-1)
            log_prob = logits.gather(-1, action.unsqueeze(-1)).squeeze(-1)
            entropy = -(logits.clamp(min=torch.finfo(logits.dtype).min) * probs).sum(-1)
            return action, log_prob, entropy, self.critic(x)

    env, num_steps = Pole(3), 16
    agent = Agent()
    optimizer = optim.Adam(agent.parameters(), lr=2.5e-3, eps=1e-5)
    obs, actions = torch.zeros((num_steps, 4)), torch.zeros((num_steps,), dtype=torch.long)
    logprobs, rewards, dones, values = (torch.zeros((num_steps,)) for _ in range(4))
    next_obs, next_done = torch.Tensor(env.reset()).to(obs), torch.zeros(())
    for step in range(num_steps):
        obs[step] = next_obs
        dones[step] = next_done
        with torch.no_grad():
            action, logprob, _, value = agent.get_action_and_value(next_obs)
            values[step] = value.flatten()
        actions[step] = action
        logprobs[step] = logprob
        state, reward, done = env.step(action.cpu().numpy().item())
        rewards[step] = torch.tensor(reward).view(-1)
        next_obs, next_done = torch.tensor(env.reset() if done else state), torch.tensor(float(done))
    with torch.no_grad():
        next_value = agent.get_value(next_obs).reshape(1, -1)
        advantages = torch.zeros_like(rewards)
        lastgaelam = 0
        for t in reversed(range(num_steps)):
            if t == num_steps - 1:
                nextnonterminal = 1.0 - next_done
                nextvalues = next_value
            else:
                nextnonterminal = 1.0 - dones[t + 1]
                nextvalues = values[t + 1]
            delta = rewards[t] + 0.99 * nextvalues * nextnonterminal - values[t]
            advantages[t] = lastgaelam = delta + 0.99 * 0.95 * nextnonterminal * lastgaelam
        returns = advantages + values
    found, clip_coef = [], 0.2
    for _epoch in range(2):
        b_inds = torch.randperm(num_steps)
        for start in range(0, num_steps, 8):
            mb_inds = b_inds[start : start + 8]
            _, newlogprob, entropy, newvalue = agent.get_action_and_value(obs[mb_inds], actions.long()[mb_inds])
            logratio = newlogprob - logprobs[mb_inds]
            ratio = logratio.exp()
            with torch.no_grad():
                # calculate approx_kl http://joschu.net/blog/kl-approx.html
                approx_kl = ((ratio - 1) - logratio).mean()
                clipfrac = ((ratio - 1.0).abs() > clip_coef).float().mean().item()
            mb_advantages = advantages[mb_inds]
            mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
            # Policy loss
            pg_loss1 = -mb_advantages * ratio
            pg_loss2 = -mb_advantages * torch.clamp(ratio, 1 - clip_coef, 1 + clip_coef)
            pg_loss = torch.max(pg_loss1, pg_loss2).mean()
            # Value loss
            newvalue = newvalue.view(-1)
            v_loss_unclipped = (newvalue - returns[mb_inds]) ** 2
            v_clipped = values[mb_inds] + torch.clamp(newvalue - values[mb_inds], -clip_coef, clip_coef)
            v_loss_clipped = (v_clipped - returns[mb_inds]) ** 2
            v_loss = 0.5 * torch.max(v_loss_unclipped, v_loss_clipped).mean()
            loss = pg_loss - 0.01 * entropy.mean() + v_loss * 0.5
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()
            found.append([pg_loss.item(), v_loss.item(), entropy.mean().item(), approx_kl.item(), clipfrac])
    return [str(agent), found, advantages, returns, agent.state_dict()]


PROGRAMS = [dqn, reinforce, actor_critic, ppo]
