/** Simple shapes for the samples that the browser draws. */

export const fillSky = (brush, width, height, colours) => {
  const sky = brush.createLinearGradient(0, 0, 0, height);
  for (const [index, colour] of colours.entries()) sky.addColorStop(index / (colours.length - 1), colour);
  brush.fillStyle = sky;
  brush.fillRect(0, 0, width, height);
};

export const rectangle = (brush, x, y, width, height, colour) => {
  brush.fillStyle = colour;
  brush.fillRect(x, y, width, height);
};

export const disc = (brush, x, y, radius, colour) => {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
  brush.fill();
};

export const wave = (brush, width, height, { top, rise, turn, colour }) => {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.moveTo(0, height);
  for (let x = 0; x <= width; x += 8)
    brush.lineTo(x, height * (top + rise * Math.sin((x / width) * 5 + turn)));
  brush.lineTo(width, height);
  brush.fill();
};
