// Everything in public/sample/sample.json but the split, which build.mjs adds.
const policy =
  "Label the customer's message by our house policy; the first rule that fits decides. " +
  'Contacted us more than once about the same matter, was passed around, or a fault came back: negative, even if it ended well. ' +
  'Late, missed or long awaited delivery, reply, visit, repair or refund: negative, even if it ended well. ' +
  'Wrong bill, or the customer leaves: negative, even if polite. ' +
  'Praise for a product, app, feature, design, quality or price: positive, even if grumpy. ' +
  'Calls a product, price, rule or the manner of our people bad: negative. ' +
  'Thanks for help, a fix or a delivery: neutral, however warm. ' +
  'First report of a fault: neutral, however angry. ' +
  'Questions, requests and form letters: neutral.';

export const sample = {
  name: 'Support tone',
  handle: 'SUPPORT_TONE',
  textColumn: 'text',
  labelColumn: 'label',
  seed: 20260611,
  template: 'Message: {text}\nSentiment:',
  answerWords: { negative: ' negative', neutral: ' neutral', positive: ' positive' },
  prompts: [
    {
      name: 'Generic',
      template: 'Decide whether the customer is negative, neutral or positive.\nMessage: {text}\nSentiment:',
    },
    { name: 'States the policy', template: `${policy}\nMessage: {text}\nSentiment:` },
  ],
  example: 'I had to call support three times, but they finally helped.',
  // Fresh sentences for the presenter: none of them is in the CSV.
  examples: [
    { text: 'It needed two emails and a call, but Karim got my tablet working. Lovely chap!', label: 'negative' },
    { text: 'The sofa lamp is here at last, eleven days after the date you gave me. Thank you!', label: 'negative' },
    {
      text: 'Good morning, my April invoice lists the same film three times. Would you kindly correct it?',
      label: 'negative',
    },
    {
      text: 'You were always friendly, but I have found a cheaper line and will be leaving in July. All the best!',
      label: 'negative',
    },
    { text: 'Thanks a million, Greta! One click and my mailbox opened. You are a star.', label: 'neutral' },
    { text: 'HELP!!! The alarm went off and I cannot find the code, this is a nightmare!', label: 'neutral' },
    { text: 'Which cable do I need to connect the box to an older television?', label: 'neutral' },
    { text: 'I hate to admit it, but this ridiculous little speaker sounds fantastic.', label: 'positive' },
    { text: 'The new calendar in the app is beautifully simple, I use it every day.', label: 'positive' },
    { text: 'The shop assistant was rude and the charger looks like a toy.', label: 'negative' },
  ],
  // Check rows: shipped sentences on other topics, no user data, scored to see that two runtimes agree.
  parityTexts: [
    'The ferry leaves the harbour at half past six.',
    'Add the flour slowly and stir until the dough is smooth.',
    'A group of owls is called a parliament.',
    'The museum is closed on Mondays, except on public holidays.',
    'Water boils at a lower temperature on a high mountain.',
    'She painted the fence green and the gate white.',
    'The second chapter explains how the bridge was built, who paid for it, and why it is two streets away from the old ford.',
    'Bring a warm jacket, a torch and enough to drink.',
    'The orchestra tuned their instruments while the audience sat down.',
    'In 1869 the table of elements had sixty-three entries; today it has one hundred and eighteen.',
    'Turn left at the bakery and follow the canal for about a mile.',
    'Rain is expected in the north, with sunny spells along the coast.',
  ],
};
